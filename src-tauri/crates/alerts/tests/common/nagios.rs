//! A real Nagios: Debian's program on a configuration of its own, and its web programs behind a loopback port that asks for a password.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{OriginalUri, Path as Segment, RawQuery, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::Engine as _;
use std::{
    env, fs,
    net::SocketAddr,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpListener};

/// Who signs in, and with which password.
pub const ACCOUNTS: [(&str, &str); 3] = [("guichet", "secret"), ("reader", "secret"), ("nobody", "secret")];

/// Where Debian's packages are: installed, or unpacked by `cargo xtask setup`.
fn packages() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache")));
    let unpacked = cache.map(|cache| cache.join("guichet/nagios4"));
    [Some(PathBuf::from("/")), unpacked]
        .into_iter()
        .flatten()
        .find(|root| root.join("usr/sbin/nagios4").exists() && root.join("usr/lib/cgi-bin/nagios4/cmd.cgi").exists())
        .expect("Nagios is missing: `cargo xtask setup` unpacks it (on Debian)")
}

/// A Nagios that runs until it is dropped.
pub struct Nagios {
    folder: TempDir,
    daemon: Child,
    pub url: url::Url,
}

struct Web {
    programs: PathBuf,
    config: PathBuf,
}

impl Nagios {
    /// One host ("srv-fic-01") with one service ("Disque C: & D"), both well, checked every second.
    pub async fn start() -> Self {
        let packages = packages();
        let folder = tempfile::Builder::new().prefix("nagios").tempdir().unwrap();
        let root = folder.path();
        write_configuration(root, &packages);
        for what in ["host", "service"] {
            set(root, what, 0);
        }
        let log = fs::File::create(root.join("out.log")).unwrap();
        let daemon = Command::new(packages.join("usr/sbin/nagios4"))
            .arg(root.join("nagios.cfg"))
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        let web = Web {
            programs: packages.join("usr/lib/cgi-bin/nagios4"),
            config: root.join("cgi.cfg"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/nagios4/cgi-bin/{program}", any(run))
            .route("/nagios4/digest/{program}", any(run))
            .with_state(Arc::new(web));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let nagios = Self {
            folder,
            daemon,
            url: format!("http://{address}/nagios4/cgi-bin").parse().unwrap(),
        };
        let since = Instant::now();
        while !nagios.folder.path().join("status.dat").exists() {
            assert!(
                since.elapsed() < Duration::from_secs(20),
                "Nagios does not start:\n{}",
                nagios.said()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        nagios
    }

    /// From now on the check answers this (0 well, 2 critical).
    pub fn check_answers(&self, what: &str, code: u8) {
        set(self.folder.path(), what, code);
    }

    /// Ends it.
    pub fn stop(&mut self) {
        if self.daemon.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        // As a person would: it takes its workers with it. Killed when it does not.
        let id = self.daemon.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let since = Instant::now();
        while self.daemon.try_wait().is_ok_and(|ended| ended.is_none()) {
            if since.elapsed() > Duration::from_secs(5) {
                let _ = self.daemon.kill();
                let _ = self.daemon.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = Command::new("kill")
            .args(["-KILL", "--", &format!("-{id}")])
            .stderr(Stdio::null())
            .status();
    }

    /// What it wrote into its logs.
    pub fn said(&self) -> String {
        ["out.log", "nagios.log"]
            .iter()
            .map(|name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default())
            .collect()
    }
}

impl Drop for Nagios {
    fn drop(&mut self) {
        self.stop();
    }
}

fn set(root: &Path, what: &str, code: u8) {
    // In one step, or a check may read an empty file.
    let (new, file) = (root.join(format!("{what}.new")), root.join(what));
    fs::write(&new, code.to_string()).unwrap();
    fs::rename(new, file).unwrap();
}

fn id(what: &str) -> String {
    let output = Command::new("id").arg(what).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn write_configuration(root: &Path, packages: &Path) {
    fs::create_dir_all(root.join("results")).unwrap();
    let script = root.join("check.sh");
    fs::write(
        &script,
        "#!/bin/sh\ncode=$(cat \"$1\")\necho \"DISK state $code <b>\\\"C:\\\"</b> | used=1\"\nexit \"$code\"\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (here, user, group) = (root.display(), id("-un"), id("-gn"));
    let main = format!(
        "log_file={here}/nagios.log\ncfg_file={here}/objects.cfg\nobject_cache_file={here}/objects.cache\n\
         status_file={here}/status.dat\nstatus_update_interval=1\ncommand_file={here}/nagios.cmd\n\
         check_external_commands=1\nlock_file={here}/nagios.lock\ntemp_file={here}/nagios.tmp\ntemp_path={here}\n\
         query_socket={here}/nagios.qh\ncheck_result_path={here}/results\nstate_retention_file={here}/retention.dat\n\
         retain_state_information=0\nnagios_user={user}\nnagios_group={group}\ninterval_length=1\n\
         enable_notifications=0\nenable_flap_detection=0\ncheck_for_updates=0\nuse_syslog=0\n\
         service_inter_check_delay_method=n\ncached_host_check_horizon=0\ncached_service_check_horizon=0\n"
    );
    fs::write(root.join("nagios.cfg"), main).unwrap();
    let checked = |what: &str| {
        format!(
            " check_command check!{what}\n check_interval 1\n retry_interval 1\n max_check_attempts 2\n \
             check_period always\n contacts guichet\n}}\n"
        )
    };
    let objects = format!(
        "define command {{\n command_name check\n command_line {here}/check.sh {here}/$ARG1$\n}}\n\
         define timeperiod {{\n timeperiod_name always\n alias always\n sunday 00:00-24:00\n monday 00:00-24:00\n \
         tuesday 00:00-24:00\n wednesday 00:00-24:00\n thursday 00:00-24:00\n friday 00:00-24:00\n saturday 00:00-24:00\n}}\n\
         define contact {{\n contact_name guichet\n host_notification_commands check!host\n \
         service_notification_commands check!host\n host_notification_period always\n \
         service_notification_period always\n}}\n\
         define host {{\n host_name srv-fic-01\n address 127.0.0.1\n{}\
         define service {{\n host_name srv-fic-01\n service_description Disque C: & D\n{}",
        checked("host"),
        checked("service"),
    );
    fs::write(root.join("objects.cfg"), objects).unwrap();
    // As Debian ships it: the author of a comment is the account.
    let web = format!(
        "main_config_file={here}/nagios.cfg\nphysical_html_path={}\nurl_html_path=/nagios4\nuse_authentication=1\n\
         authorized_for_all_hosts=guichet,reader\nauthorized_for_all_services=guichet,reader\n\
         authorized_for_all_host_commands=guichet\nauthorized_for_all_service_commands=guichet\n\
         authorized_for_read_only=reader\nlock_author_names=1\nescape_html_tags=1\n",
        packages.join("usr/share/nagios4/htdocs").display(),
    );
    fs::write(root.join("cgi.cfg"), web).unwrap();
}

/// Who signed in, by basic authentication.
fn account(headers: &HeaderMap) -> Option<&'static str> {
    let given = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let given = base64::engine::general_purpose::STANDARD.decode(given).ok()?;
    let found = ACCOUNTS
        .iter()
        .find(|(name, password)| given == format!("{name}:{password}").as_bytes())?;
    Some(found.0)
}

/// The challenge of the address that wants digest authentication, as Debian's own configuration does.
const NONCE: &str = "dcd98b7102dd2f0e8b11d0f600bfb0c093";

fn md5(text: &str) -> String {
    use md5::{Digest as _, Md5};
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who signed in, by digest authentication (RFC 7616, MD5, qop "auth"): worked out from its definition.
fn account_by_digest(headers: &HeaderMap, method: &Method, uri: &Uri) -> Option<&'static str> {
    let given = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Digest ")?;
    let said = |name: &str| {
        let part = given
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(part.trim_matches('"').to_owned())
    };
    assert_eq!(said("uri")?, uri.to_string(), "what is signed is what is asked");
    let (name, password) = ACCOUNTS
        .iter()
        .find(|(name, _)| Some((*name).to_owned()) == said("username"))?;
    let ha1 = md5(&format!("{name}:Nagios:{password}"));
    let ha2 = md5(&format!("{method}:{uri}"));
    let wanted = md5(&format!("{ha1}:{NONCE}:{}:{}:auth:{ha2}", said("nc")?, said("cnonce")?));
    (said("response")? == wanted && said("nonce")? == NONCE).then_some(*name)
}

/// Runs a web program as a web server does.
#[allow(clippy::too_many_arguments, reason = "what a request has")]
async fn run(
    State(web): State<Arc<Web>>,
    Segment(program): Segment<String>,
    RawQuery(query): RawQuery,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let by_digest = uri.path().starts_with("/nagios4/digest/");
    let user = if by_digest {
        account_by_digest(&headers, &method, &uri)
    } else {
        account(&headers)
    };
    let Some(user) = user else {
        let wanted = if by_digest {
            format!("Digest realm=\"Nagios\", nonce=\"{NONCE}\", qop=\"auth\", algorithm=MD5")
        } else {
            "Basic realm=\"Nagios\"".to_owned()
        };
        let realm = [(header::WWW_AUTHENTICATE, wanted)];
        return (StatusCode::UNAUTHORIZED, realm, "<html>401 Unauthorized</html>").into_response();
    };
    if !matches!(program.as_str(), "statusjson.cgi" | "cmd.cgi") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let mut child = tokio::process::Command::new(web.programs.join(program))
        .env_clear()
        .env("NAGIOS_CGI_CONFIG", &web.config)
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("REMOTE_USER", user)
        .env("REQUEST_METHOD", method.as_str())
        .env("QUERY_STRING", query.unwrap_or_default())
        .env("CONTENT_TYPE", text(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_COOKIE", text(header::COOKIE))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let _ = input.write_all(&body).await;
    drop(input);
    let output = child.wait_with_output().await.unwrap().stdout;
    // Some programs end their lines as the web does, some do not.
    let text = String::from_utf8(output).unwrap().replace("\r\n", "\n");
    let (head, page) = text.split_once("\n\n").expect("headers end");
    let mut response = Response::builder();
    for line in head.lines() {
        if let Some((name, value)) = line.split_once(": ") {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(page.to_owned())).unwrap()
}
