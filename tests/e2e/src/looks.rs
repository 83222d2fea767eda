//! Pictures held against the ones that were looked at and kept (`tests/e2e/looks`). They are kept at half the size, and compared
//! square by square: a button that went is a square that changed, while another smoothing of the letters is none.

use crate::{
    error::{Error, Result},
    window::Window,
};
use image::{
    RgbImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops,
};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Side of a square, in pixels of the kept picture.
const SQUARE: u32 = 45;
/// How alike two squares must be (1: the same): a changed word or a moved line is below it.
const ALIKE: f64 = 0.80;
/// Motion and carets away, so that a picture does not depend on its moment.
const STILL: &str = "if (!document.getElementById('still')) {
    const style = document.createElement('style');
    style.id = 'still';
    style.textContent = '*, *::before, *::after { caret-color: transparent !important; transition: none !important; \
     animation: none !important; }';
    document.head.append(style);
  }";

/// The kept pictures, and what differs from them.
pub struct Looks {
    kept: PathBuf,
    seen: PathBuf,
    accept: bool,
    differences: Vec<String>,
}

impl Looks {
    /// Over the pictures of this folder; what is seen goes to `seen`. With `accept` the pictures seen are kept instead of compared.
    #[must_use]
    pub fn new(kept: PathBuf, seen: PathBuf, accept: bool) -> Self {
        Self {
            kept,
            seen,
            accept,
            differences: Vec::new(),
        }
    }

    /// Takes a picture of the window and holds it against the kept one.
    pub async fn look(&mut self, window: &Window, name: &str) -> Result<()> {
        window.run(STILL, Vec::new()).await?;
        let picture = image::load_from_memory(&window.painted().await?)
            .map_err(|error| Error::Check(format!("{name}: {error}")))?
            .to_rgb8();
        let picture = imageops::thumbnail(&picture, picture.width() / 2, picture.height() / 2);
        let kept = self.kept.join(format!("{name}.png"));
        if self.accept {
            return save(&picture, &kept);
        }
        save(&picture, &self.seen.join(format!("{name}.png")))?;
        match image::open(&kept) {
            Err(error) => self.differences.push(format!("{name}: {error}")),
            Ok(before) => self.differences.extend(different(name, &before.to_rgb8(), &picture)),
        }
        Ok(())
    }

    /// What differs, one line a picture.
    #[must_use]
    pub fn differences(&self) -> &[String] {
        &self.differences
    }
}

/// The same picture (PNG) in as few bytes as it can be written: documents keep it.
///
/// # Errors
/// When it is no picture.
pub fn packed(picture: &[u8]) -> Result<Vec<u8>> {
    let broken = |error: image::ImageError| Error::Check(error.to_string());
    let picture = image::load_from_memory(picture).map_err(broken)?.to_rgb8();
    let mut out = Vec::new();
    picture.write_with_encoder(small(&mut out)).map_err(broken)?;
    Ok(out)
}

/// Pictures are committed: small counts, quick does not.
fn small<W: Write>(out: W) -> PngEncoder<W> {
    PngEncoder::new_with_quality(out, CompressionType::Best, FilterType::Adaptive)
}

fn save(picture: &RgbImage, file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
    }
    let out = fs::File::create(file).map_err(Error::file(file))?;
    picture
        .write_with_encoder(small(out))
        .map_err(|error| Error::Check(format!("{}: {error}", file.display())))
}

/// Says where two pictures are not alike.
fn different(name: &str, before: &RgbImage, now: &RgbImage) -> Option<String> {
    if before.dimensions() != now.dimensions() {
        return Some(format!(
            "{name}: {:?} before, {:?} now",
            before.dimensions(),
            now.dimensions()
        ));
    }
    let (width, height) = now.dimensions();
    let mut places = Vec::new();
    for y in (0..height).step_by(SQUARE as usize) {
        for x in (0..width).step_by(SQUARE as usize) {
            let square = |picture: &RgbImage| {
                imageops::crop_imm(picture, x, y, SQUARE.min(width - x), SQUARE.min(height - y)).to_image()
            };
            let score =
                image_compare::rgb_hybrid_compare(&square(before), &square(now)).map_or(0.0, |alike| alike.score);
            if score < ALIKE {
                places.push(format!("({}, {}) {score:.2}", x * 2, y * 2));
            }
        }
    }
    (!places.is_empty()).then(|| format!("{name}: {}", places.join(" ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::Rgb;

    fn page() -> RgbImage {
        // Lines as text makes them.
        RgbImage::from_fn(180, 90, |x, y| {
            if y % 9 < 3 && x % 7 < 4 {
                Rgb([30, 30, 40])
            } else {
                Rgb([250, 250, 250])
            }
        })
    }

    #[test]
    fn the_same_page_is_alike_and_another_smoothing_too() {
        let softer = RgbImage::from_fn(180, 90, |x, y| {
            let Rgb(of) = *page().get_pixel(x, y);
            Rgb(of.map(|part| if part < 128 { part + 12 } else { part - 4 }))
        });
        assert_eq!(different("page", &page(), &page()), None);
        assert_eq!(different("page", &page(), &softer), None);
    }

    #[test]
    fn a_button_that_went_is_told_with_its_place() {
        let mut without = page();
        for x in 95..125 {
            for y in 50..80 {
                without.put_pixel(x, y, Rgb([250, 250, 250]));
            }
        }
        let said = different("page", &page(), &without).unwrap();
        assert!(said.starts_with("page: (180, 90)"), "{said}");
    }
}
