//! The real window, driven by WebKitWebDriver.

use crate::{
    PATIENCE,
    desktop::SCREEN,
    error::{Error, Result},
    process::Process,
    scenario::Scenario,
    screen::Screen,
};
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    elements::Element,
    error::CmdError,
    key::Key,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// How long the driver may take over one command before it is taken for dead.
const ANSWER: Duration = Duration::from_secs(20);
/// How much of the program's output a failure quotes.
const LAST_LINES: usize = 20;
/// The program that draws WebKitGTK's pages.
const WEB_PROCESS: &str = "WebKitWebProcess";
/// How long a window may go on changing before its picture is taken as it is.
const AT_REST: Duration = Duration::from_secs(2);
/// Four frames of the page.
const FRAMES: &str = "const done = arguments[arguments.length - 1];
    const frames = (left) => (left === 0 ? done(true) : requestAnimationFrame(() => frames(left - 1)));
    frames(4);";
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);

/// Numbers the pictures over all windows of the process; scenarios run one after another.
static OPENED: AtomicU32 = AtomicU32::new(0);

/// An open window.
pub struct Window {
    client: Client,
    driver: Process,
    program: PathBuf,
    pictures: PathBuf,
    screen: Screen,
    log: PathBuf,
}

impl Window {
    /// Starts the driver and, through it, a program with a web view.
    pub async fn open(scenario: &Scenario, program: &Path, arguments: &[OsString]) -> Result<Self> {
        let mut last = None;
        for _ in 0..3 {
            match Self::try_open(scenario, program, arguments).await {
                Ok(window) => return Ok(window),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::Check("the window was never tried".to_owned())))
    }

    /// As [`Self::open`], tried once and through `launcher`, a program that becomes `program` (`exec`).
    pub async fn launched(
        scenario: &Scenario,
        launcher: &Path,
        program: &Path,
        arguments: &[OsString],
    ) -> Result<Self> {
        let mut window = Self::try_open(scenario, launcher, arguments).await?;
        window.program = program.to_owned();
        Ok(window)
    }

    /// What the program and its driver have printed so far.
    pub fn printed(&self) -> Result<String> {
        fs::read_to_string(&self.log).map_err(Error::file(&self.log))
    }

    /// The running program's number.
    pub fn process(&self) -> Result<u32> {
        child_running(self.driver.id(), &self.program)
            .ok_or_else(|| Error::Check(format!("{} does not run", self.program.display())))
    }

    async fn try_open(scenario: &Scenario, program: &Path, arguments: &[OsString]) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::program("a free port"))?;
        let port = listener.local_addr().map_err(Error::program("a free port"))?.port();
        drop(listener);
        let mut command = Command::new("WebKitWebDriver");
        command.args([format!("--port={port}"), "--host=127.0.0.1".to_owned()]);
        scenario.desktop().adopt(&mut command);
        // Without it the web view refuses to be driven and the session never comes.
        command.env("TAURI_WEBVIEW_AUTOMATION", "true");
        let number = OPENED.fetch_add(1, Ordering::Relaxed);
        let log = scenario.pictures().join(format!("window-{number}.log"));
        let driver = Process::start("WebKitWebDriver", &mut command, &log)?;

        let address = format!("http://127.0.0.1:{port}");
        until("the driver to listen", PATIENCE, async || {
            let there = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            there.map(|_| ()).map_err(|error| error.to_string())
        })
        .await?;
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        let options = json!({ "binary": program.to_string_lossy(), "args": arguments });
        let capabilities = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = tokio::time::timeout(PATIENCE, builder.connect(&address))
            .await
            .map_err(|_| Error::TimedOut {
                what: "the window's session".to_owned(),
                seconds: PATIENCE.as_secs(),
                seen: fs::read_to_string(&log).unwrap_or_default(),
            })??;
        let window = Self {
            client,
            driver,
            program: program.to_owned(),
            pictures: scenario.pictures().to_owned(),
            screen: scenario.desktop().screen(),
            log,
        };
        window.resize(SCREEN).await?;
        Ok(window)
    }

    /// Loads a page (only for trying the harness itself; the product's window loads its own).
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.answered(url, self.client.goto(url)).await
    }

    /// `kill -9` on the program, as a power cut would; nothing is saved on the way out.
    pub async fn kill(mut self) -> Result<()> {
        kill(self.process()?)?;
        let gone = until("the program to be gone", PATIENCE, async || {
            match child_running(self.driver.id(), &self.program) {
                None => Ok(()),
                Some(_) => Err("still there".to_owned()),
            }
        })
        .await;
        self.driver.kill();
        gone
    }

    /// Closes the window as a person does.
    pub async fn close(mut self) -> Result<()> {
        let closed = self.answered("close the window", self.client.clone().close()).await;
        self.driver.kill();
        closed
    }

    /// Waits for an element.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        self.until(selector, async || self.client.find(Locator::Css(selector)).await)
            .await
    }

    /// How many elements there are now.
    pub async fn count(&self, selector: &str) -> Result<usize> {
        let found = self
            .answered(selector, self.client.find_all(Locator::Css(selector)))
            .await?;
        Ok(found.len())
    }

    /// Waits until there is none.
    pub async fn gone(&self, selector: &str) -> Result<()> {
        self.until(&format!("no {selector}"), async || {
            match self.client.find_all(Locator::Css(selector)).await {
                Ok(found) if found.is_empty() => Ok(()),
                Ok(found) => Err(format!("{} of them", found.len())),
                Err(error) => Err(error.to_string()),
            }
        })
        .await
    }

    /// Clicks, looking again when the window has redrawn meanwhile.
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.until(&format!("a click on {selector}"), async || {
            self.client.find(Locator::Css(selector)).await?.click().await
        })
        .await
    }

    /// Clicks where an element is, by the mouse alone. Unlike [`Self::click`] nothing in the page is named to the driver: it keeps
    /// what it was named, and with it what the page has long thrown away, which would be counted as the page's memory.
    pub async fn click_where(&self, selector: &str) -> Result<()> {
        let script = "const box = document.querySelector(arguments[0])?.getBoundingClientRect();
            return box === undefined ? null : [box.x + box.width / 2, box.y + box.height / 2];";
        let place = self.run(script, vec![Value::from(selector)]).await?;
        let at = |index: usize| place.get(index).and_then(Value::as_f64);
        let (Some(x), Some(y)) = (at(0), at(1)) else {
            return Err(Error::Check(format!("{selector} is not there to be clicked")));
        };
        let button = MOUSE_BUTTON_LEFT;
        let click = MouseActions::new("mouse".to_owned())
            .then(PointerAction::MoveTo { duration: None, x, y })
            .then(PointerAction::Down { button })
            .then(PointerAction::Up { button });
        self.answered("a click", self.client.perform_actions(click)).await
    }

    /// Types into a field, key by key, as a person does.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        self.until(&format!("typing into {selector}"), async || {
            self.client.find(Locator::Css(selector)).await?.click().await
        })
        .await?;
        let field = self.find(selector).await?;
        self.answered(selector, field.send_keys(text)).await
    }

    /// Gives a file to a file field.
    pub async fn choose_file(&self, selector: &str, file: &Path) -> Result<()> {
        let field = self.find(selector).await?;
        self.answered(selector, field.send_keys(&file.to_string_lossy())).await
    }

    /// Presses keys together (modifiers first), wherever the focus is.
    pub async fn press(&self, keys: &[char]) -> Result<()> {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for &value in keys {
            actions = actions.then(KeyAction::Down { value });
        }
        for &value in keys.iter().rev() {
            actions = actions.then(KeyAction::Up { value });
        }
        self.answered("keys", self.client.perform_actions(actions)).await
    }

    /// Types wherever the focus is, without touching the mouse.
    pub async fn keys(&self, text: &str) -> Result<()> {
        for letter in text.chars() {
            self.press(&[letter]).await?;
        }
        Ok(())
    }

    /// Waits until this element has the focus.
    pub async fn focused(&self, selector: &str) -> Result<()> {
        let script = format!(
            "const wanted = document.querySelector({selector:?}), has = document.activeElement;
             return wanted !== null && wanted === has ? true : has?.outerHTML.slice(0, 200) ?? ''"
        );
        self.holds(&format!("the focus on {selector}"), &script).await
    }

    /// Goes from field to field with the tabulator key until the focus is there.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        /// More fields than any form of ours has.
        const FIELDS: u32 = 60;
        for _ in 0..FIELDS {
            self.press(&[Key::Tab.into()]).await?;
            let script = format!("return document.activeElement?.matches({selector:?}) ?? false");
            if self.run(&script, Vec::new()).await? == Value::Bool(true) {
                return Ok(());
            }
        }
        Err(Error::Check(format!(
            "{FIELDS} presses of the tabulator key never reach {selector}"
        )))
    }

    /// Waits until an element's visible text contains this; answers all of it.
    pub async fn text_with(&self, selector: &str, expected: &str) -> Result<String> {
        self.until(&format!("{expected:?} in {selector}"), async || {
            let element = self
                .client
                .find(Locator::Css(selector))
                .await
                .map_err(|error| error.to_string())?;
            let text = element.text().await.map_err(|error| error.to_string())?;
            if text.contains(expected) { Ok(text) } else { Err(text) }
        })
        .await
    }

    /// The visible texts of all matching elements, now.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)";
        let texts = self.run(script, vec![selector.into()]).await?;
        Ok(texts
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect())
    }

    /// Waits until a field's value is this.
    pub async fn value(&self, selector: &str, expected: &str) -> Result<()> {
        self.until(&format!("{expected:?} as the value of {selector}"), async || {
            let element = self
                .client
                .find(Locator::Css(selector))
                .await
                .map_err(|error| error.to_string())?;
            let value = element
                .prop("value")
                .await
                .map_err(|error| error.to_string())?
                .unwrap_or_default();
            if value == expected { Ok(()) } else { Err(value) }
        })
        .await
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.answered("a script", self.client.execute(script, arguments)).await
    }

    /// Runs a script that answers by its last argument, a callback.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.answered("a script", self.client.execute_async(script, arguments))
            .await
    }

    /// Waits until a script answers true.
    pub async fn holds(&self, what: &str, script: &str) -> Result<()> {
        self.until(what, async || match self.client.execute(script, Vec::new()).await {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(other) => Err(other.to_string()),
            Err(error) => Err(error.to_string()),
        })
        .await
    }

    /// As [`until`], with as much patience as there is; what is on screen when it runs out is kept as a picture.
    async fn until<T, E: std::fmt::Display>(
        &self,
        what: &str,
        attempt: impl AsyncFnMut() -> Result<T, E>,
    ) -> Result<T> {
        let outcome = until(what, PATIENCE, attempt).await;
        if outcome.is_err() {
            // The picture is a courtesy; the failure is what is told.
            let _ = self.picture("FAILED").await;
        }
        outcome
    }

    /// One command of the driver, which must answer in time.
    async fn answered<T>(&self, what: &str, command: impl Future<Output = Result<T, CmdError>>) -> Result<T> {
        match tokio::time::timeout(ANSWER, command).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(Error::Driver {
                what: what.to_owned(),
                source: Box::new(source),
                program: self.program_state(),
            }),
            Err(_) => Err(Error::TimedOut {
                what: what.to_owned(),
                seconds: ANSWER.as_secs(),
                seen: format!("no answer from the driver; {}", self.program_state()),
            }),
        }
    }

    /// Whether the program and its web view run, and the last lines of their output.
    fn program_state(&self) -> String {
        let program = child_running(self.driver.id(), &self.program);
        let state = match program {
            None => "the program has ended".to_owned(),
            Some(id) if web_processes(id).is_empty() => format!("the program runs ({id}), its web view does not"),
            Some(id) => format!("the program and its web view run ({id})"),
        };
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
        format!("{state}; it said last:\n{}", last.join("\n"))
    }

    /// Kills the process that draws the page (`kill -9`), as a fault of the engine would; the program itself goes on. The
    /// driver does not survive it: what the window shows afterwards is read by a screen reader.
    pub fn kill_web_view(&self) -> Result<()> {
        let processes = web_processes(self.process()?);
        if processes.is_empty() {
            return Err(Error::Check("the program has no web view".to_owned()));
        }
        processes.into_iter().try_for_each(kill)
    }

    /// Gives the window another size, in pixels.
    pub async fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        self.answered("the window's size", self.client.set_window_rect(0, 0, width, height))
            .await
    }

    /// A picture (PNG) of the page alone, painted by the driver once what the page holds has been painted: for a page shown in
    /// WebKitGTK's own browser. Where WebKitGTK paints without layers, as the product has it, the driver may never answer.
    pub async fn painted(&self) -> Result<Vec<u8>> {
        self.run_async(FRAMES, Vec::new()).await?;
        self.answered("a picture", self.client.screenshot()).await
    }

    /// A picture (PNG) of the window as it stands on the screen, once what the page holds has been painted.
    pub async fn shown(&self) -> Result<Vec<u8>> {
        let started = Instant::now();
        let mut before = None;
        loop {
            self.run_async(FRAMES, Vec::new()).await?;
            let shown = self.screen.shown().await?;
            // The page's frame may still be on its way to the screen: two frames alike, or the last one of what moves.
            if before.as_ref() == Some(&shown) || started.elapsed() >= AT_REST {
                return shown.png();
            }
            before = Some(shown);
        }
    }

    /// Keeps a picture of the window ([`Self::shown`]).
    pub async fn picture(&self, name: &str) -> Result<()> {
        let bytes = self.shown().await?;
        let number = fs::read_dir(&self.pictures)
            .map_err(Error::file(&self.pictures))?
            .filter_map(|entry| entry.ok())
            .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "png"))
            .count();
        let file = self.pictures.join(format!("{:02}-{name}.png", number + 1));
        fs::write(&file, bytes).map_err(Error::file(&file))
    }
}

/// Tries until it works or the time is up. Every refusal of the driver is tried again: the window may be redrawing.
async fn until<T, E: std::fmt::Display>(
    what: &str,
    patience: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        let seen = match tokio::time::timeout(ANSWER, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer from the driver".to_owned(),
        };
        if started.elapsed() >= patience {
            return Err(Error::TimedOut {
                what: what.to_owned(),
                seconds: patience.as_secs(),
                seen,
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// `kill -9`.
fn kill(process: u32) -> Result<()> {
    let id = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    let id = id.ok_or_else(|| Error::Check(format!("{process} is no process")))?;
    rustix::process::kill_process(id, rustix::process::Signal::KILL)
        .map_err(|error| Error::program("kill")(error.into()))
}

/// The running processes among the children of `parent`, with their executables. One that ended but was not waited for has
/// no executable any more.
pub(crate) fn children(parent: u32) -> impl Iterator<Item = (u32, PathBuf)> {
    let parent = format!("PPid:\t{parent}");
    let processes = fs::read_dir("/proc").into_iter().flatten();
    processes.filter_map(move |entry| {
        let entry = entry.ok()?;
        let id = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let is_child = status.lines().any(|line| line == parent);
        let executable = fs::read_link(entry.path().join("exe")).ok()?;
        is_child.then_some((id, executable))
    })
}

/// The child of `parent` that runs `program`.
fn child_running(parent: u32, program: &Path) -> Option<u32> {
    let program = fs::canonicalize(program).ok()?;
    children(parent).find_map(|(id, executable)| (executable == program).then_some(id))
}

/// The processes that draw the pages of `program`.
fn web_processes(program: u32) -> Vec<u32> {
    children(program)
        .filter(|(_, executable)| executable.file_name().is_some_and(|name| name == WEB_PROCESS))
        .map(|(id, _)| id)
        .collect()
}
