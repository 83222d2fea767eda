//! `sandbox`: the embedded server in a process of its own. Its first line says, in JSON with or without `--json`, where it
//! serves and what signs in; then it serves until it is interrupted.

use super::{Ending, Output, args::SandboxArgs};
use crate::{core::sandbox::SandboxError, error::AppError};
use guichet_sandbox::{
    Fault, Faults, Options, Sandbox, Version,
    options::COLLEAGUE,
    pbx::{Pbx, PbxOptions},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Serves until interrupted.
pub async fn serve(out: &Output, args: SandboxArgs) -> Result<Ending, AppError> {
    let usage = |what, value: &str| AppError::Usage {
        what,
        value: value.to_owned(),
    };
    let version = match args.glpi.as_str() {
        "10" | "10.0" => Version::Ten,
        "11" | "11.0" => Version::Eleven,
        other => return Err(usage("--glpi", other)),
    };
    let mut faults = Faults::default();
    for name in args.fault.iter().flat_map(|names| names.split(',')) {
        let fault: Fault = name.parse().map_err(|_| usage("--fault", name))?;
        faults.add(fault);
    }
    let mut options = Options::demo(args.seed).version(version).ending(Timestamp::now());
    options.vip_plugin = true;
    if let Some(tickets) = args.tickets {
        options.tickets = tickets;
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let server = Sandbox::start_in(options, address, args.data.as_deref())
        .await
        .map_err(SandboxError::from)?;
    server.set_faults(faults);
    let app_token = server.with_core(|glpi| glpi.app_token().to_owned());
    // The other desk of a hot transfer or an escalation is somebody else's.
    let colleague_token = server.with_core(|glpi| glpi.user_token(COLLEAGUE).unwrap_or_default().to_owned());
    let (login, password) = server.credentials();
    let mut pbx = Value::Null;
    if args.pbx {
        let exchange = PbxOptions::demo(Timestamp::now());
        let (username, secret) = (exchange.username.clone(), exchange.secret.clone());
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let running = Pbx::start(exchange, free, 1.0).await.map_err(SandboxError::from)?;
        pbx = json!({ "port": running.address().port(), "username": username, "secret": secret });
        server.set_pbx(Arc::new(running));
    }
    out.line(
        &json!({
            "url": server.url(),
            "user_token": server.user_token(),
            "colleague_token": colleague_token,
            "app_token": app_token,
            "glpi": args.glpi,
            "login": login,
            "password": password,
            "pbx": pbx,
        })
        .to_string(),
    );
    interrupted().await;
    server.stop().await;
    Ok(Ending::Done)
}

/// Ctrl-C, or the end asked for by a service manager.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut ended) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = ended.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
