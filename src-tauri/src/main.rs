//! Guichet's executable: the window, and the command line.

fn main() -> std::process::ExitCode {
    guichet_lib::run()
}
