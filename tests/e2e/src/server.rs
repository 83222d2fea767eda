//! The sandbox, as a process that can be killed and come back.

use crate::{
    PATIENCE,
    error::{Error, Result},
    process::Process,
    scenario::Scenario,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Between two looks at what arrived.
const PAUSE: Duration = Duration::from_millis(100);

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
    /// A colleague's token.
    pub colleague_token: String,
    /// The application's token.
    pub app_token: String,
    /// The pretend PBX, where the options ask for one (`--pbx`): `port`, `username`, `secret`.
    pub pbx: Value,
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
            colleague_token: String::new(),
            app_token: String::new(),
            pbx: Value::Null,
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
        self.come_back_with(scenario, &[])
    }

    /// As [`Self::come_back`], with more options for this time.
    pub fn come_back_with(&mut self, scenario: &Scenario, more: &[&str]) -> Result<()> {
        self.starts += 1;
        let log = scenario.pictures().join(format!("server-{}.log", self.starts));
        let mut command = scenario.guichet();
        command
            .args(["sandbox", "--port", &self.port.to_string(), "--data"])
            .arg(&self.data)
            .args(&self.options)
            .args(more);
        let (process, line) = Process::announced("guichet sandbox", &mut command, &log)?;
        let said: Value = serde_json::from_str(&line).map_err(|source| Error::Json {
            what: "guichet sandbox".to_owned(),
            text: line.clone(),
            source,
        })?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        self.url = text("url");
        self.user_token = text("user_token");
        self.colleague_token = text("colleague_token");
        self.app_token = text("app_token");
        self.pbx = said["pbx"].clone();
        self.process = Some(process);
        Ok(())
    }

    /// Turns the switch of faults.
    pub async fn faults(&self, faults: Value) -> Result<()> {
        let request = self.client.request(Method::PUT, self.own_page("faults")).json(&faults);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// The faults still on; those that are counted have counted down.
    pub async fn faults_left(&self) -> Result<Value> {
        Ok(self
            .client
            .get(self.own_page("faults"))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// Somebody at the pretend PBX does something: `{"deed": "call", "number": …}`; what became of it.
    pub async fn telephone(&self, deed: Value) -> Result<Value> {
        let request = self.client.request(Method::POST, self.own_page("pbx")).json(&deed);
        Ok(request.send().await?.error_for_status()?.json().await?)
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

    /// The one row of this type whose input contains this text, with its place among all writes; an error if it never
    /// came or came more than once.
    pub async fn arrived_once(&self, itemtype: &str, text: &str) -> Result<(usize, Value)> {
        let writes = self.writes().await?;
        let mut places = writes.iter().enumerate().filter(|(_, write)| {
            write["itemtype"] == itemtype && write["action"] == "add" && write.to_string().contains(text)
        });
        match (places.next(), places.count()) {
            (Some((place, write)), 0) => Ok((place, write.clone())),
            (Some(_), more) => Err(Error::Check(format!(
                "{itemtype} {text:?} arrived {} times: {writes:?}",
                more + 1
            ))),
            (None, _) => Err(Error::Check(format!("{itemtype} {text:?} never arrived: {writes:?}"))),
        }
    }

    /// As [`Server::arrived_once`], for what may still be on its way.
    pub async fn arrives_once(&self, itemtype: &str, text: &str) -> Result<(usize, Value)> {
        let started = Instant::now();
        loop {
            match self.arrived_once(itemtype, text).await {
                Err(Error::Check(_)) if started.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
                answer => return answer,
            }
        }
    }

    /// Waits until `wanted` says yes to the writes the server accepted; an error if it never does.
    pub async fn accepts(&self, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Result<()> {
        let started = Instant::now();
        loop {
            let writes = self.writes().await?;
            if wanted(&writes) {
                return Ok(());
            }
            if started.elapsed() > PATIENCE {
                return Err(Error::Check(format!("the server never got {what}: {writes:?}")));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Writes a ticket as a colleague at his own desk would, assigned to the technician; answers its number.
    pub async fn colleague_writes(&self, title: &str, text: &str) -> Result<i64> {
        let session = self.call(Method::GET, "initSession", "", None).await?;
        let session = session["session_token"].as_str().unwrap_or_default().to_owned();
        let full = self.call(Method::GET, "getFullSession", &session, None).await?;
        let me = &full["session"]["glpiID"];
        let ticket = json!({ "input": { "name": title, "content": text, "_users_id_assign": me } });
        let made = self.call(Method::POST, "Ticket", &session, Some(ticket)).await?;
        self.call(Method::GET, "killSession", &session, None).await?;
        made["id"]
            .as_i64()
            .ok_or_else(|| Error::Check(format!("creating a ticket answered {made}")))
    }

    async fn call(&self, method: Method, path: &str, session: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}/apirest.php/{path}", self.url.trim_end_matches('/'));
        let mut request = self.client.request(method, url).header("App-Token", &self.app_token);
        request = if session.is_empty() {
            request.header("Authorization", format!("user_token {}", self.user_token))
        } else {
            request.header("Session-Token", session)
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(|source| Error::Json {
            what: path.to_owned(),
            text: String::from_utf8_lossy(&answer).into_owned(),
            source,
        })
    }

    fn own_page(&self, page: &str) -> String {
        format!("http://127.0.0.1:{}/_sandbox/{page}", self.port)
    }
}
