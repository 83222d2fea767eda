//! The telephone of a scenario: set up as a technician would, for the pretend PBX of the scenario's server.

use crate::{
    console::{Console, test_id},
    error::{Error, Result},
    server::Server,
};
use serde_json::{Value, json};

/// A call that popped up.
#[derive(Debug)]
pub struct Popped {
    /// The caller's channel at the pretend PBX.
    pub caller: String,
    /// Milliseconds from the PBX's own instant of the first ring to the painted card.
    pub took: f64,
}

impl Console {
    /// What the window asks of Rust, asked by the test: for what is on no screen (a VIP's number, the instant of an event).
    pub async fn asked(&self, command: &str, arguments: Value) -> Result<Value> {
        let script = "const done = arguments[arguments.length - 1];
            window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(done, (error) => done({ error }));";
        self.window.run_async(script, vec![command.into(), arguments]).await
    }

    /// A VIP of the demonstration: the number as the network shows it, and the name.
    pub async fn vip(&self) -> Result<(String, String)> {
        for nth in (10..100).step_by(10) {
            let number = format!("01990000{nth}");
            let people = self
                .asked("find_people", json!({ "words": number, "limit": 5 }))
                .await?;
            let found = people
                .as_array()
                .ok_or_else(|| Error::Check(format!("finding people answered {people}")))?;
            if let Some(person) = found.iter().find(|person| person["vip"] == true) {
                let name = |field: &str| person[field].as_str().unwrap_or_default().to_owned();
                return Ok((number, format!("{} {}", name("first_name"), name("last_name"))));
            }
        }
        Err(Error::Check("no VIP of the demonstration has a number".to_owned()))
    }

    /// Sets the telephone up in the settings; the desk's own is `device` ("SIP/6001").
    pub async fn set_up_telephone(&self, server: &Server, device: &str) -> Result<()> {
        let window = &self.window;
        window.click(&test_id("settings-button")).await?;
        window.find(&test_id("telephone-host")).await?;
        let text = |field: &str| match &server.pbx[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        // The pretend PBX is on this machine and speaks plainly.
        window.find(&test_id("telephone-protected")).await?;
        window.tab_to(&test_id("telephone-protected")).await?;
        window.press(&[' ']).await?;
        window.gone(&test_id("telephone-authorities")).await?;
        for (field, value) in [
            ("host", "127.0.0.1".to_owned()),
            ("port", text("port")),
            ("account", text("username")),
            ("secret", text("secret")),
            ("device", device.to_owned()),
            ("queues", "support".to_owned()),
        ] {
            let selector = test_id(&format!("telephone-{field}"));
            window.click(&selector).await?;
            self.replace_text(&selector, &value).await?;
        }
        window.click(&test_id("telephone-save")).await?;
        let connected = format!("{}[data-state=\"connected\"]", test_id("status-telephone"));
        window.find(&connected).await.map(|_| ())
    }
    /// Makes somebody call, and waits until the card is painted. The PBX and the page are on one machine and read one clock.
    ///
    /// # Errors
    /// When the page or the PBX does not answer.
    pub async fn pop(&self, server: &Server, number: &str) -> Result<Popped> {
        let arm = "window.__popped = new Promise((resolve) => {
              const frame = () => {
                const card = document.querySelector('[data-testid=\"call\"][data-state=\"ringing\"]');
                if (card === null) return void requestAnimationFrame(frame);
                card.getBoundingClientRect();
                const painted = new MessageChannel();
                painted.port1.onmessage = () => resolve(Date.now());
                painted.port2.postMessage(null);
              };
              requestAnimationFrame(frame);
            });";
        self.window.run(arm, Vec::new()).await?;
        let called = server.telephone(json!({ "deed": "call", "number": number })).await?;
        let wait = "const done = arguments[arguments.length - 1]; window.__popped.then(done);";
        let painted = self.window.run_async(wait, Vec::new()).await?;
        let calls = self.asked("calls", json!({})).await?;
        let rings = calls
            .as_array()
            .and_then(|calls| calls.iter().find(|one| one["call"]["state"] == "ringing"));
        let rang = rings.map_or(Value::Null, |one| one["call"]["ringing_at"].clone());
        let rang = self.window.run("return Date.parse(arguments[0])", vec![rang]).await?;
        match (called["caller"].as_str(), painted.as_f64(), rang.as_f64()) {
            (Some(caller), Some(painted), Some(rang)) => Ok(Popped {
                caller: caller.to_owned(),
                took: painted - rang,
            }),
            _ => Err(Error::Check(format!("no call popped up: {called}, {painted}, {rang}"))),
        }
    }
}
