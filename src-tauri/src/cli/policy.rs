//! `policy`: what the organisation decided for this machine, each value with the file it came from.

use super::{Ending, Output, args::PolicyCommand};
use crate::core::{
    AppCore,
    policy::{SETTINGS, machine_file},
};
use serde_json::{Value, json};

/// Runs `policy show`: exit code 1 when something in a file could not be taken.
pub(super) fn run(core: &AppCore, out: &Output, command: &PolicyCommand) -> Ending {
    let PolicyCommand::Show = command;
    let read = core.policy();
    let problems = read.told(out.locale.catalogue());
    let settings: Vec<Value> = SETTINGS
        .iter()
        .map(|setting| {
            let given = read.given.get(setting.key);
            json!({
                "key": setting.key,
                "takes": setting.kind.to_string(),
                "value": given.map(|given| &given.value),
                "from": given.map(|given| &given.from),
            })
        })
        .collect();
    let file = machine_file();
    out.answer(
        &json!({ "file": file, "settings": settings, "problems": problems }),
        || {
            let rows = SETTINGS
                .iter()
                .map(|setting| {
                    let given = read.given.get(setting.key);
                    vec![
                        setting.key.to_owned(),
                        given.map_or_else(|| out.text("policy.open", &[]), |given| given.value.to_string()),
                        given.map(|given| given.from.display().to_string()).unwrap_or_default(),
                        out.text(&format!("policy.{}", setting.key), &[]),
                    ]
                })
                .collect();
            let mut lines = vec![out.table(
                &["column.setting", "column.value", "column.from", "column.meaning"],
                rows,
            )];
            lines.extend(problems.iter().cloned());
            lines.join("\n")
        },
    );
    if problems.is_empty() {
        Ending::Done
    } else {
        Ending::Failed
    }
}
