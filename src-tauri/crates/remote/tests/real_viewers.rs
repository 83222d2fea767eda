//! The viewers of Linux started for real, by the launcher, from a plan: a shared screen (`x11vnc`) seen with TigerVNC's viewer, and
//! an RDP server (`xrdp`) with FreeRDP's. Both screens are virtual (`Xvfb`).
//!
//! A session is seen **connected** twice: the server's own log says that a client is there, and the colour that only the
//! server's side has is found on the viewer's screen (Xvfb keeps it in a file, as `xwd` writes it).
//!
//! Debian's packages come with `cargo xtask setup`. On Windows there is none of this and the test says that it was skipped; on
//! Linux a missing program is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[cfg(not(target_os = "linux"))]
#[test]
fn the_viewers_are_started_for_real_on_linux_only() {
    println!("SKIPPED: x11vnc and xrdp exist on Linux only; no viewer was started for real on this system");
}

#[cfg(target_os = "linux")]
mod linux {
    use guichet_domain::{
        TicketId, UserId,
        asset::AssetKey,
        consent::{AskedPerson, ConsentAnswer, ConsentId, ConsentLog, ConsentMeans, ConsentRecord, ConsentSubject},
    };
    use guichet_remote::{Launcher, Policy, Tool, discovery, plan};
    use jiff::{SignedDuration, Timestamp};
    use std::{
        fs,
        io::{BufRead, BufReader},
        net::TcpListener,
        os::unix::process::CommandExt,
        path::{Path, PathBuf},
        process::{Child, ChildStdout, Command, Stdio},
        time::{Duration, Instant},
    };

    /// How long a program may take to come up on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// The variable by which the second process knows its part: a tool and a target.
    const PART: &str = "REMOTE_CONTROL_PART";
    /// The colour of the shared screen.
    const WHITE: [u8; 3] = [0xff, 0xff, 0xff];
    /// The colour of the RDP server's page.
    const PAGE: [u8; 3] = [0x10, 0xc0, 0x60];

    /// A program of the scene; it ends with the test.
    struct Running(Child);

    impl Running {
        fn start(name: &'static str, command: &mut Command, log: &Path) -> Self {
            let log = fs::File::create(log).unwrap();
            let child = command
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .process_group(0)
                .spawn()
                .unwrap_or_else(|error| panic!("{name}: {error}; `cargo xtask setup` installs it"));
            Self(child)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A virtual screen, its root all of one colour, which it keeps in a file.
    struct Screen {
        display: String,
        image: PathBuf,
        _server: Running,
    }

    impl Screen {
        fn start(folder: &Path, name: &str, root: &str) -> Self {
            let kept = folder.join(name);
            fs::create_dir(&kept).unwrap();
            // The server takes the first free number and writes it to the handle it is told: here, its standard output.
            let mut command = Command::new("Xvfb");
            command
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    "1024x768x24",
                    "-nolisten",
                    "tcp",
                    root,
                    "-fbdir",
                ])
                .arg(&kept);
            let log = folder.join(format!("{name}.log"));
            let server = Running::start("Xvfb", &mut command, &log);
            let number = wait("the screen's number", || {
                let said = fs::read_to_string(&log).ok()?;
                said.ends_with('\n').then_some(())?;
                said.lines().find_map(|line| line.trim().parse::<u32>().ok())
            });
            Self {
                display: format!(":{number}"),
                image: kept.join("Xvfb_screen0"),
                _server: server,
            }
        }

        /// How many of its points have a colour. The file is an `xwd` dump (X11/XWDFile.h): a header of big-endian words, a table
        /// of colours of 12 bytes each, then the points, 32 bits each.
        fn points_of(&self, colour: [u8; 3]) -> usize {
            let dump = fs::read(&self.image).unwrap_or_default();
            let word = |at: usize| {
                let bytes = dump.get(at * 4..at * 4 + 4)?;
                Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
            };
            let (Some(header), Some(order), Some(bits), Some(colours)) = (word(0), word(7), word(11), word(19)) else {
                return 0;
            };
            assert_eq!(bits, 32, "32 bits a point were asked for");
            let Some(points) = dump.get(header + colours * 12..) else {
                return 0;
            };
            let [red, green, blue] = colour;
            let sought = if order == 0 {
                [blue, green, red]
            } else {
                [red, green, blue]
            };
            let skip = usize::from(order != 0);
            points
                .chunks_exact(4)
                .filter(|point| point[skip..skip + 3] == sought)
                .count()
        }
    }

    /// Looks for something until it is there.
    fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "{what} did not come");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    fn log(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    /// A process of this very test program, in which Guichet's part is played: a viewer finds its screen by the environment of who
    /// starts it, and a program cannot safely change its own while its tests run.
    struct Guichet {
        process: Child,
        said: BufReader<ChildStdout>,
        viewer: u32,
    }

    impl Guichet {
        fn launches(tool: &Tool, target: &str, screen: &Screen, folder: &Path) -> Self {
            let mut process = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "linux::guichets_own_process", "--ignored", "--nocapture"])
                .env(PART, format!("{tool} {target}"))
                .env("DISPLAY", &screen.display)
                .env("HOME", folder)
                .env("XDG_CONFIG_HOME", folder.join("config"))
                .env("XAUTHORITY", folder.join("no-authority"))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = BufReader::new(process.stdout.take().unwrap());
            let viewer = Self::line(&mut said, "viewer ").parse().unwrap();
            Self { process, said, viewer }
        }

        fn line(said: &mut BufReader<ChildStdout>, beginning: &str) -> String {
            let mut lines = said.lines().map_while(Result::ok);
            lines
                .find_map(|line| line.strip_prefix(beginning).map(str::to_owned))
                .unwrap_or_else(|| panic!("Guichet's part ended without saying {beginning:?}"))
        }

        /// How the end of the viewer was seen.
        fn end(&mut self) -> String {
            Self::line(&mut self.said, "ended ")
        }

        fn signal_viewer(&self, signal: &str) -> bool {
            let line = format!("kill -{signal} {} 2>/dev/null", self.viewer);
            Command::new("sh").args(["-c", &line]).status().unwrap().success()
        }
    }

    impl Drop for Guichet {
        fn drop(&mut self) {
            self.signal_viewer("KILL");
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// Guichet's part: from the inventory's target to a started viewer, the whole way: consent, policy, discovery, plan, launch, end.
    /// Not a test, hence ignored.
    #[test]
    #[ignore = "a process of its own, started by the tests of this file"]
    fn guichets_own_process() {
        let part = std::env::var(PART).expect("this is started by the other tests of this file");
        let (tool, target) = part.split_once(' ').unwrap();
        let subject = ConsentSubject {
            ticket: TicketId(10),
            asset: Some(AssetKey {
                kind: "Computer".to_owned(),
                id: 1,
            }),
        };
        let now = Timestamp::now();
        let record = ConsentRecord {
            id: ConsentId::new(),
            subject: subject.clone(),
            technician: UserId(7),
            person: AskedPerson {
                user: None,
                name: "Amélie Roux".to_owned(),
            },
            means: ConsentMeans::Aloud,
            asked_at: now - SignedDuration::from_secs(5),
            answered_at: now - SignedDuration::from_secs(2),
            answer: ConsentAnswer::Agreed,
        };
        let policy = Policy::default();
        let log = ConsentLog::read([record]).unwrap();
        let granted = log.grant(&subject, now, policy.consent_valid).unwrap();
        let programs = discovery::programs(&policy);
        let planned = plan(&tool.parse().unwrap(), target, &policy, &programs)
            .unwrap_or_else(|error| panic!("{error}; `cargo xtask setup` installs the viewers"));
        println!("\n{}", serde_json::to_string(&planned).unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let launcher = Launcher::new(|_| panic!("no link is opened"));
            let mut session = launcher.launch(planned, &subject, granted).unwrap();
            println!("viewer {}", session.process().unwrap());
            let ended = session.ended().await.unwrap().unwrap();
            println!(
                "ended {} after {:#}",
                ended.status,
                ended.at.duration_since(session.started_at())
            );
        });
    }

    /// A screen to be shared, all white, by `x11vnc` on a port.
    fn shared_screen(folder: &Path) -> (Screen, Running, u16) {
        let screen = Screen::start(folder, "theirs", "-wr");
        let port = free_port();
        let mut command = Command::new("x11vnc");
        command
            .args(["-display", &screen.display, "-rfbport", &port.to_string()])
            .args(["-localhost", "-nopw", "-forever", "-shared", "-noxdamage", "-norc"]);
        let server = Running::start("x11vnc", &mut command, &folder.join("x11vnc.log"));
        wait("x11vnc's port", || {
            log(folder, "x11vnc.log").contains("PORT=").then_some(())
        });
        (screen, server, port)
    }

    #[test]
    fn a_shared_screen_is_seen_with_the_vnc_viewer() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let ours = Screen::start(folder, "ours", "-br");
        let (_theirs, _server, port) = shared_screen(folder);
        assert_eq!(ours.points_of(WHITE), 0, "nothing is seen before");
        let mut guichet = Guichet::launches(&Tool::Vnc, &format!("127.0.0.1:{port}"), &ours, folder);
        wait("the client in x11vnc's log", || {
            log(folder, "x11vnc.log")
                .contains("Got connection from client 127.0.0.1")
                .then_some(())
        });
        // The viewer's window has the size of their screen; its frame may cover some of it.
        wait("their screen on ours", || {
            (ours.points_of(WHITE) > 600_000).then_some(())
        });
        assert!(guichet.signal_viewer("TERM"));
        let end = guichet.end();
        // TigerVNC handles the signal itself and exits with 1; another may let it end it.
        assert!(
            end.starts_with("exit status: ") || end.starts_with("signal: 15"),
            "{end}"
        );
        wait("the end in x11vnc's log", || {
            log(folder, "x11vnc.log").contains("client_count: 0").then_some(())
        });
    }

    #[test]
    fn an_rdp_server_is_seen_with_freerdp_and_outlives_guichet() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let ours = Screen::start(folder, "ours", "-br");
        let port = free_port();
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .expect("openssl, which xrdp's package brings");
        assert!(made.status.success(), "{made:?}");
        // The server's own login page, in a colour that nobody else has. Behind it no session is needed: the page is painted by
        // the server over the established RDP session.
        let settings = format!(
            "[Globals]\nini_version=1\nfork=false\nport=tcp://127.0.0.1:{port}\nsecurity_layer=tls\ncertificate={}\nkey_file={}\n\
             allow_channels=true\nuse_fastpath=both\nnew_cursors=true\nmax_bpp=32\nls_top_window_bg_color=10c060\n\
             [Logging]\nLogFile={}\nLogLevel=INFO\nEnableSyslog=false\n\
             [Channels]\nrdpdr=true\nrdpsnd=true\ndrdynvc=true\ncliprdr=true\n\
             [screen]\nname=screen\nlib=libvnc.so\nusername=na\npassword=na\nip=127.0.0.1\nport=9\n",
            certificate.display(),
            key.display(),
            folder.join("xrdp.log").display(),
        );
        fs::write(folder.join("xrdp.ini"), settings).unwrap();
        let mut command = Command::new("/usr/sbin/xrdp");
        command.arg("--nodaemon").arg("--config").arg(folder.join("xrdp.ini"));
        let _server = Running::start("xrdp", &mut command, &folder.join("xrdp.out"));
        wait("xrdp's port", || {
            log(folder, "xrdp.log").contains("listening to port").then_some(())
        });
        assert_eq!(ours.points_of(PAGE), 0, "nothing is seen before");
        let mut guichet = Guichet::launches(&Tool::Rdp, &format!("127.0.0.1:{port}"), &ours, folder);
        wait("the session in xrdp's log", || {
            log(folder, "xrdp.log")
                .contains("TLS connection established from 127.0.0.1")
                .then_some(())
        });
        wait("the server's page on our screen", || {
            (ours.points_of(PAGE) > 400_000).then_some(())
        });
        // Guichet is closed, or crashes: the technician goes on helping.
        guichet.process.kill().unwrap();
        guichet.process.wait().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        assert!(guichet.signal_viewer("0"), "the viewer ended with Guichet");
        assert!(ours.points_of(PAGE) > 400_000);
        assert!(guichet.signal_viewer("TERM"));
        wait("the end in xrdp's log", || {
            let said = log(folder, "xrdp.log");
            (said.contains("SSL_shutdown") || said.contains("xrdp_process_loop failed") || ours.points_of(PAGE) == 0)
                .then_some(())
        });
    }
}
