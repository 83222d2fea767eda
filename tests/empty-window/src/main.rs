//! A window of the product's size with an empty page: no command, no database, no script but the mark that it is painted.
#![allow(clippy::print_stderr)]

fn main() {
    let shown = tauri::Builder::default().run(tauri::generate_context!());
    if let Err(error) = shown {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
