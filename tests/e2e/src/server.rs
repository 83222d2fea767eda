//! The sandbox, as a process that can be killed and come back.

use crate::{
    error::{Error, Result},
    process::Process,
    scenario::Scenario,
};
use reqwest::{Client, Method};
use serde_json::Value;
use std::{net::TcpListener, path::PathBuf, time::Duration};

/// The sandbox of a scenario. Its data outlives its process.
pub struct Server {
    process: Option<Process>,
    port: u16,
    data: PathBuf,
    options: Vec<String>,
    starts: u32,
    /// Base address of the API, what a person types at sign-in.
    pub url: String,
    /// The technician's token.
    pub user_token: String,
    /// The application's token.
    pub app_token: String,
    client: Client,
}

impl Server {
    /// Starts it on a free port. `options` are those of `guichet sandbox`.
    pub fn start(scenario: &Scenario, options: &[&str]) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::program("a free port"))?;
        let port = listener.local_addr().map_err(Error::program("a free port"))?.port();
        drop(listener);
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        let mut server = Self {
            process: None,
            port,
            data: scenario.folder().join("server"),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            starts: 0,
            url: String::new(),
            user_token: String::new(),
            app_token: String::new(),
            client,
        };
        server.come_back(scenario)?;
        Ok(server)
    }

    /// The power is cut.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts again on the same port, with the same data.
    pub fn come_back(&mut self, scenario: &Scenario) -> Result<()> {
        self.starts += 1;
        let log = scenario.pictures().join(format!("server-{}.log", self.starts));
        let mut command = scenario.guichet();
        command
            .args(["sandbox", "--port", &self.port.to_string(), "--data"])
            .arg(&self.data)
            .args(&self.options);
        let (process, line) = Process::announced("guichet sandbox", &mut command, &log)?;
        let said: Value = serde_json::from_str(&line).map_err(|source| Error::Json {
            what: "guichet sandbox".to_owned(),
            text: line.clone(),
            source,
        })?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        self.url = text("url");
        self.user_token = text("user_token");
        self.app_token = text("app_token");
        self.process = Some(process);
        Ok(())
    }

    /// Turns the switch of faults.
    pub async fn faults(&self, faults: Value) -> Result<()> {
        let request = self.client.request(Method::PUT, self.own_page("faults")).json(&faults);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Everything that was written to the server, in the order of its commits.
    pub async fn writes(&self) -> Result<Vec<Value>> {
        let answer: Value = self
            .client
            .get(self.own_page("writes"))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        match answer {
            Value::Array(writes) => Ok(writes),
            Value::Object(mut fields) => match fields.remove("writes") {
                Some(Value::Array(writes)) => Ok(writes),
                _ => Err(Error::Check("/_sandbox/writes holds no list".to_owned())),
            },
            other => Err(Error::Check(format!("/_sandbox/writes answered {other}"))),
        }
    }

    fn own_page(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}/_sandbox/{page}", self.port)
    }
}
