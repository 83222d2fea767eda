//! `wipe`: destroys what a profile holds, the key first.

use super::{Ending, Output, args::WipeArgs};
use crate::{
    core::{
        AppCore,
        wipe::{self, WipeError},
    },
    error::AppError,
};
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// What a person types to agree.
const AGREED: [&str; 4] = ["oui", "o", "yes", "y"];

/// Runs `wipe`.
pub(super) async fn run(core: &AppCore, out: &Output, args: &WipeArgs) -> Result<Ending, AppError> {
    let folder = core.first_folder()?;
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            return Err(WipeError::NotConfirmed.into());
        }
        out.aside(&out.text("wipe.question", &[("path", folder.path.display().to_string())]));
        let mut answer = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|source| AppError::File {
                path: "stdin".into(),
                source,
            })?;
        if !AGREED.contains(&answer.trim().to_lowercase().as_str()) {
            return Err(WipeError::NotConfirmed.into());
        }
    }
    let wiped = wipe::wipe(&folder.path, &core.access(), args.even_unsent).await?;
    let left: Vec<String> = wiped.left.iter().map(|path| path.display().to_string()).collect();
    out.answer(
        &json!({ "key": "destroyed", "files": wiped.files, "left": left }),
        || {
            let mut text = out.text("wipe.done", &[("files", wiped.files.to_string())]);
            for path in &left {
                text.push('\n');
                text.push_str(&out.text("wipe.left", &[("path", path.clone())]));
            }
            text
        },
    );
    Ok(Ending::Done)
}
