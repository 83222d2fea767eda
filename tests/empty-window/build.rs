//! Tauri's own build step, where there is a window to build.

fn main() {
    #[cfg(feature = "window")]
    tauri_build::build();
}
