//! What a screen reader is told: the window's tree on the accessibility bus (AT-SPI), and the actions it offers there. It is
//! also how a window is read that WebDriver lost, because the driver does not survive the process of its page.

use crate::{
    PATIENCE,
    error::{Error, Result},
    scenario::Scenario,
};
use atspi::{
    Interface, InterfaceSet, ObjectRefOwned, Role, State, StateSet,
    proxy::{accessible::AccessibleProxy, action::ActionProxy, text::TextProxy},
};
use std::time::{Duration, Instant};
use zbus::{
    Connection, connection,
    names::{BusName, OwnedBusName},
    zvariant::OwnedObjectPath,
};

/// Between two readings of the tree.
const PAUSE: Duration = Duration::from_millis(200);
/// Deeper than any view of ours; a tree that goes on is broken.
const DEEPEST: usize = 40;
/// Where the bus of assistive technology is asked for, on the session bus.
const ACCESSIBILITY: (&str, &str, &str) = ("org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus");
/// The list of accessible applications.
const REGISTRY: (&str, &str) = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root");

/// One object of the tree.
#[derive(Debug, Clone)]
pub struct Heard {
    /// What it is.
    pub role: Role,
    /// What it is called.
    pub name: String,
    /// Whether the keyboard can reach it.
    pub focusable: bool,
    /// Whether it is on screen.
    pub showing: bool,
    /// What stands in it, where it holds text of its own.
    pub text: Option<String>,
    interfaces: InterfaceSet,
    place: Place,
}

/// Where an object lives: the process's name on the bus and its path there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    process: OwnedBusName,
    path: OwnedObjectPath,
}

/// A reader attached to a scenario's desktop.
pub struct ScreenReader {
    bus: Connection,
}

impl ScreenReader {
    /// Attaches; the window must be opened afterwards, because programs ask at their start whether anybody listens.
    pub async fn attach(scenario: &Scenario) -> Result<Self> {
        let session = connect(scenario.desktop().bus()).await?;
        let (service, path, interface) = ACCESSIBILITY;
        let properties = zbus::fdo::PropertiesProxy::new(&session, service, path).await?;
        let status = "org.a11y.Status".try_into().map_err(zbus::Error::from)?;
        for property in ["IsEnabled", "ScreenReaderEnabled"] {
            properties
                .set(zbus::names::InterfaceName::clone(&status), property, true.into())
                .await
                .map_err(zbus::Error::from)?;
        }
        let address: String = session
            .call_method(Some(service), path, Some(interface), "GetAddress", &())
            .await?
            .body()
            .deserialize()?;
        Ok(Self {
            bus: connect(&address).await?,
        })
    }

    /// Everything in the windows of all programs, in reading order. What goes away while it is read is left out.
    pub async fn tree(&self) -> Result<Vec<Heard>> {
        let (service, path) = REGISTRY;
        let root = AccessibleProxy::builder(&self.bus)
            .destination(service)?
            .path(path)?
            .build()
            .await?;
        let mut heard = Vec::new();
        // Depth first, in order: the last one pushed is the next one read.
        let mut waiting: Vec<(usize, Place)> = places(root.get_children().await?).map(|place| (0, place)).collect();
        waiting.reverse();
        while let Some((depth, place)) = waiting.pop() {
            let (object, children) = match self.read(&place).await {
                Ok(read) => read,
                Err(zbus::Error::MethodError(..)) => continue,
                Err(error) => return Err(error.into()),
            };
            heard.push(object);
            if depth < DEEPEST {
                waiting.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
            }
        }
        Ok(heard)
    }

    async fn read(&self, place: &Place) -> zbus::Result<(Heard, Vec<Place>)> {
        let object = self.accessible(place).await?;
        let interfaces = object.get_interfaces().await?;
        let states: StateSet = object.get_state().await?;
        let text = if interfaces.contains(Interface::Text) {
            let text = TextProxy::builder(&self.bus)
                .destination(place.process.clone())?
                .path(place.path.clone())?
                .build()
                .await?;
            Some(text.get_text(0, -1).await?)
        } else {
            None
        };
        let heard = Heard {
            role: object.get_role().await?,
            name: object.name().await?,
            focusable: states.contains(State::Focusable),
            showing: states.contains(State::Showing),
            text,
            interfaces,
            place: place.clone(),
        };
        let mut children: Vec<_> = places(object.get_children().await?).collect();
        // The web view's tree hangs on GTK's in a place that is not among its children, but counted and answered one by one;
        // and by a name other than the unique ones, which the library's own method refuses.
        if children.is_empty() {
            for index in 0..object.child_count().await? {
                let (process, path): (String, OwnedObjectPath) =
                    object.inner().call("GetChildAtIndex", &(index,)).await?;
                let process = OwnedBusName::try_from(process)?;
                children.push(Place { process, path });
            }
        }
        Ok((heard, children))
    }

    async fn accessible(&self, place: &Place) -> zbus::Result<AccessibleProxy<'_>> {
        AccessibleProxy::builder(&self.bus)
            .destination(place.process.clone())?
            .path(place.path.clone())?
            .build()
            .await
    }

    /// Waits until something of this kind is told; what was told instead when it never is.
    pub async fn hears(&self, what: &str, wanted: impl Fn(&Heard) -> bool) -> Result<Heard> {
        let started = Instant::now();
        loop {
            let tree = self.tree().await?;
            if let Some(found) = tree.iter().find(|object| wanted(object)) {
                return Ok(found.clone());
            }
            if started.elapsed() >= PATIENCE {
                return Err(Error::TimedOut {
                    what: what.to_owned(),
                    seconds: PATIENCE.as_secs(),
                    seen: tree.iter().map(|object| format!("{object}\n")).collect(),
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Does what a reader's user does with an object: presses a button, opens a link.
    pub async fn act_on(&self, object: &Heard) -> Result<()> {
        if !object.interfaces.contains(Interface::Action) {
            return Err(Error::Check(format!("nothing can be done with {object}")));
        }
        let action = ActionProxy::builder(&self.bus)
            .destination(object.place.process.clone())?
            .path(object.place.path.clone())?
            .build()
            .await?;
        if action.do_action(0).await? {
            Ok(())
        } else {
            Err(Error::Check(format!("{object} refused")))
        }
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} « {} »", self.role.name(), self.name)?;
        match &self.text {
            Some(text) if !text.is_empty() && *text != self.name => write!(f, ": {text}"),
            _ => Ok(()),
        }
    }
}

async fn connect(address: &str) -> Result<Connection> {
    Ok(connection::Builder::address(address)?.build().await?)
}

fn places(children: Vec<ObjectRefOwned>) -> impl DoubleEndedIterator<Item = Place> {
    children.into_iter().filter_map(|child| {
        Some(Place {
            process: BusName::from(child.name()?.to_owned()).into(),
            path: child.path().to_owned().into(),
        })
    })
}
