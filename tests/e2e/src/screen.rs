//! What the display shows. The driver can be asked for a picture too, but it paints the page once more for it, may wait for
//! ever where WebKitGTK paints without layers, and knows nothing of what stands on the screen.

use crate::error::{Error, Result};
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::xproto::{ConnectionExt as _, ImageFormat, MapState, Rectangle, Window},
    rust_connection::RustConnection,
};

/// Bytes of a pixel as the display gives it: blue, green, red and one unused.
const PIXEL: usize = 4;

/// A display, seen from outside.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    name: String,
}

/// What a window shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    width: u32,
    height: u32,
    /// Red, green, blue, row by row.
    pixels: Vec<u8>,
}

impl Screen {
    /// The display of this name (`:99`).
    pub(crate) fn new(name: String) -> Self {
        Self { name }
    }

    /// What the largest window shows, with what stands over it.
    pub(crate) async fn shown(&self) -> Result<Shown> {
        let name = self.name.clone();
        tokio::task::spawn_blocking(move || grab(&name))
            .await
            .map_err(|error| Error::Check(format!("the display: {error}")))?
    }
}

impl Shown {
    /// As PNG.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&self.pixels, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(|error| Error::Check(format!("the picture: {error}")))?;
        Ok(png)
    }
}

fn grab(name: &str) -> Result<Shown> {
    let problem = |what: String| Error::Check(format!("the display {name}: {what}"));
    let (display, number) = RustConnection::connect(Some(name)).map_err(|error| problem(error.to_string()))?;
    let root = display.setup().roots[number].root;
    let window = largest(&display, root).map_err(|error| problem(error.to_string()))?;
    let window = window.ok_or_else(|| problem("no window is shown".to_owned()))?;
    // Of the root and not of the window: menus and dialogs are windows of their own.
    let image = display
        .get_image(
            ImageFormat::Z_PIXMAP,
            root,
            window.x,
            window.y,
            window.width,
            window.height,
            u32::MAX,
        )
        .map_err(|error| problem(error.to_string()))?
        .reply()
        .map_err(|error| problem(error.to_string()))?;
    let pixels = image
        .data
        .chunks_exact(PIXEL)
        .flat_map(|p| [p[2], p[1], p[0]])
        .collect();
    Ok(Shown {
        width: window.width.into(),
        height: window.height.into(),
        pixels,
    })
}

/// The part of the screen that the largest mapped window takes.
fn largest(display: &RustConnection, root: Window) -> Result<Option<Rectangle>, ReplyError> {
    let screen = display.get_geometry(root)?.reply()?;
    let mut found: Option<Rectangle> = None;
    for window in display.query_tree(root)?.reply()?.children {
        if display.get_window_attributes(window)?.reply()?.map_state != MapState::VIEWABLE {
            continue;
        }
        let place = display.get_geometry(window)?.reply()?;
        let (left, top) = (place.x.max(0), place.y.max(0));
        // What reaches over the edge of the screen cannot be read.
        let within = |from: i16, length: u16, limit: u16| length.min(limit.saturating_sub(from.unsigned_abs()));
        let place = Rectangle {
            x: left,
            y: top,
            width: within(left, place.width, screen.width),
            height: within(top, place.height, screen.height),
        };
        let area = |place: &Rectangle| u32::from(place.width) * u32::from(place.height);
        if found.is_none_or(|found| area(&place) > area(&found)) {
            found = Some(place);
        }
    }
    Ok(found)
}
