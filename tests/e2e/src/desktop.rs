//! A desktop of the test's own: a virtual display, a message bus, an unlocked secret store, an empty home.

use crate::{
    error::{Error, Result},
    process::Process,
    screen::Screen,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Width and height of the display, the size the window is designed at.
pub const SCREEN: (u32, u32) = (1440, 900);

/// The private desktop; everything ends and is removed when it is dropped.
pub struct Desktop {
    // Order matters: the programs end before their folder goes.
    _keyring: Process,
    _bus: Process,
    _display: Process,
    environment: Vec<(&'static str, String)>,
    bus_address: String,
    screen: Screen,
    home: TempDir,
}

impl Desktop {
    /// Starts one. Logs go to `logs`. `language` is a locale such as `fr_FR.UTF-8`.
    pub fn start(logs: &Path, language: &str) -> Result<Self> {
        let home = tempfile::tempdir().map_err(Error::file("a temporary home"))?;
        let runtime = home.path().join("run");
        fs::create_dir(&runtime).map_err(Error::file(&runtime))?;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).map_err(Error::file(&runtime))?;
        let temporary = home.path().join("tmp");
        fs::create_dir(&temporary).map_err(Error::file(&temporary))?;

        let (width, height) = SCREEN;
        let screen = format!("{width}x{height}x24");
        let mut command = Command::new("Xvfb");
        command.args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            &screen,
            "-nolisten",
            "tcp",
            "-ac",
            "-noreset",
        ]);
        let (display, number) = Process::announced("Xvfb", &mut command, &logs.join("display.log"))?;

        let mut environment = vec![
            ("HOME", path(home.path())),
            ("XDG_RUNTIME_DIR", path(&runtime)),
            ("TMPDIR", path(&temporary)),
            ("XDG_CONFIG_HOME", path(&home.path().join("config"))),
            ("XDG_DATA_HOME", path(&home.path().join("data"))),
            ("XDG_CACHE_HOME", path(&home.path().join("cache"))),
            ("DISPLAY", format!(":{number}")),
            ("LANG", language.to_owned()),
            ("LC_ALL", language.to_owned()),
            ("LANGUAGE", language.split('.').next().unwrap_or(language).to_owned()),
            // No accelerated graphics under a virtual display.
            ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
            // Painting on threads of a software OpenGL broke the web view's memory once in a few dozen runs (a crash in
            // WebKitGTK 2.50.6's `SkiaGPUWorker`): the processor paints without that detour.
            ("WEBKIT_SKIA_ENABLE_CPU_RENDERING", "1".to_owned()),
            ("GDK_BACKEND", "x11".to_owned()),
        ];

        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--print-address=1"]);
        in_environment(&mut command, &environment);
        let (bus, address) = Process::announced("dbus-daemon", &mut command, &logs.join("bus.log"))?;
        environment.push(("DBUS_SESSION_BUS_ADDRESS", address.clone()));

        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        in_environment(&mut command, &environment);
        let keyring = Process::fed(
            "gnome-keyring-daemon",
            &mut command,
            b"a password of the test",
            &logs.join("keyring.log"),
        )?;

        Ok(Self {
            _keyring: keyring,
            _bus: bus,
            _display: display,
            environment,
            bus_address: address,
            screen: Screen::new(format!(":{number}")),
            home,
        })
    }

    /// The private home.
    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// The address of its message bus.
    pub fn bus(&self) -> &str {
        &self.bus_address
    }

    /// What it shows.
    pub(crate) fn screen(&self) -> Screen {
        self.screen.clone()
    }

    /// Makes a command run on this desktop and know no other.
    pub fn adopt(&self, command: &mut Command) {
        in_environment(command, &self.environment);
        command.env_remove("WAYLAND_DISPLAY").env_remove("XAUTHORITY");
    }
}

fn in_environment(command: &mut Command, environment: &[(&'static str, String)]) {
    for (name, value) in environment {
        command.env(name, value);
    }
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
