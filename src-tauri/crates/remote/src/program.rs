//! Programs: each tool has a few that it may be, by their file names, and each stands at an absolute path that the policy or the
//! discovery gave. A path never comes from a target, an environment variable or a search of `PATH`.

use crate::{Platform, RemoteError, Tool, error::shown};
use std::collections::BTreeMap;

/// Why a program's path is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramProblem {
    /// Not absolute, a network path, or with `..`.
    #[error("it is not an absolute path on this machine")]
    NotAbsolute,
    /// A batch file or a script: `cmd.exe` would read its arguments once more (CVE-2024-24576, CVE-2024-43402).
    #[error("it is a batch file or a script")]
    Batch,
    /// Characters that a path of a program has no need of.
    #[error("it has characters that a program's path has no need of")]
    Characters,
    /// Not a program of this tool, whose arguments are unknown.
    #[error("it is none of this tool's programs ({known})")]
    NotThisTool {
        /// File names that are; empty where the tool starts no program.
        known: String,
    },
    /// It is no file (any more).
    #[error("it is not a file")]
    Gone,
    /// Anybody may write over it.
    #[error("anybody may write over it")]
    Writable,
}

impl ProgramProblem {
    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAbsolute => "remote_program_relative",
            Self::Batch => "remote_program_batch",
            Self::Characters => "remote_program_characters",
            Self::NotThisTool { .. } => "remote_program_other",
            Self::Gone => "remote_program_gone",
            Self::Writable => "remote_program_writable",
        }
    }
}

/// Endings that a shell or another interpreter would run.
const SCRIPTS: [&str; 12] = [
    ".bat", ".cmd", ".com", ".ps1", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".sh", ".lnk", ".url",
];

/// File names of a tool's programs. What takes other arguments is not among them.
#[must_use]
pub const fn names(tool: &Tool, platform: Platform) -> &'static [&'static str] {
    match (tool, platform) {
        (Tool::TeamViewer, Platform::Windows) => &["TeamViewer.exe"],
        (Tool::RustDesk, Platform::Windows) => &["rustdesk.exe"],
        (Tool::RustDesk, Platform::Linux) => &["rustdesk"],
        (Tool::AnyDesk, Platform::Windows) => &["AnyDesk.exe"],
        (Tool::AnyDesk, Platform::Linux) => &["anydesk"],
        (Tool::RemoteAssistance, Platform::Windows) => &["msra.exe"],
        (Tool::Rdp | Tool::RdpShadow, Platform::Windows) => &["mstsc.exe"],
        (Tool::Rdp, Platform::Linux) => &["xfreerdp", "xfreerdp3"],
        (Tool::Vnc, Platform::Windows) => &["vncviewer.exe", "tvnviewer.exe"],
        (Tool::Vnc, Platform::Linux) => &["xtigervncviewer", "vncviewer"],
        _ => &[],
    }
}

/// The file name of a path, by a platform's own separators (and not by those of the machine this runs on).
#[must_use]
pub fn file_name(path: &str, platform: Platform) -> &str {
    match platform {
        Platform::Windows => path.rsplit('\\').next().unwrap_or_default(),
        Platform::Linux => path.rsplit('/').next().unwrap_or_default(),
    }
}

/// Holds a path against the rules; the disk is not looked at.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(tool: &Tool, platform: Platform, path: &str) -> Result<(), ProgramProblem> {
    // Windows drops dots and blanks at the end: "a.bat. ." is a.bat.
    let lower = path.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    if SCRIPTS.iter().any(|ending| lower.ends_with(ending)) {
        return Err(ProgramProblem::Batch);
    }
    let absolute = match platform {
        Platform::Windows => {
            let bytes = path.as_bytes();
            bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1..3) == Some(b":\\")
        }
        Platform::Linux => path.starts_with('/') && !path.starts_with("//"),
    };
    let separator = if platform == Platform::Windows { '\\' } else { '/' };
    if !absolute || path.split(separator).any(|part| part == "..") {
        return Err(ProgramProblem::NotAbsolute);
    }
    let strange = |c: char| match platform {
        Platform::Windows => {
            c.is_control() || matches!(c, '"' | '/' | '<' | '>' | '|' | '*' | '?' | '%' | '^' | '&' | '\'')
        }
        Platform::Linux => {
            c.is_control()
                || matches!(
                    c,
                    '"' | '\'' | '\\' | '`' | '$' | '*' | '?' | '|' | '&' | ';' | '<' | '>'
                )
        }
    };
    // Beyond the drive's, a colon names an alternate stream.
    let streams = platform == Platform::Windows && path.chars().skip(2).any(|c| c == ':');
    if path.len() > 260 || path.chars().any(strange) || streams {
        return Err(ProgramProblem::Characters);
    }
    let name = file_name(path, platform);
    let fits = |known: &&str| match platform {
        Platform::Windows => known.eq_ignore_ascii_case(name),
        Platform::Linux => *known == name,
    };
    let known = names(tool, platform);
    if known.iter().any(fits) {
        Ok(())
    } else {
        Err(ProgramProblem::NotThisTool {
            known: known.join(", "),
        })
    }
}

/// Where the tools' programs stand on this machine. Every path in it keeps [`check`]'s rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    platform: Platform,
    paths: BTreeMap<Tool, String>,
}

impl Programs {
    /// None yet.
    #[must_use]
    pub const fn none(platform: Platform) -> Self {
        Self {
            platform,
            paths: BTreeMap::new(),
        }
    }

    /// For which system.
    #[must_use]
    pub const fn platform(&self) -> Platform {
        self.platform
    }

    /// Says where a tool's program stands.
    ///
    /// # Errors
    /// When the path is refused.
    pub fn set(&mut self, tool: Tool, path: &str) -> Result<(), RemoteError> {
        check(&tool, self.platform, path).map_err(|problem| RemoteError::Program {
            path: shown(path),
            problem,
        })?;
        self.paths.insert(tool, path.to_owned());
        Ok(())
    }

    /// Where it stands, if it does.
    #[must_use]
    pub fn path(&self, tool: &Tool) -> Option<&str> {
        self.paths.get(tool).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(platform: Platform, tool: Tool, path: &str) -> Result<(), ProgramProblem> {
        check(&tool, platform, path)
    }

    #[test]
    fn a_batch_file_is_refused_whatever_it_is_disguised_as() {
        for path in [
            r"C:\Tools\mstsc.bat",
            r"C:\Tools\mstsc.CMD",
            r"C:\Tools\mstsc.exe.bat. .",
            r"C:\Tools\mstsc.ps1",
            r"C:\Tools\mstsc.lnk",
        ] {
            assert_eq!(
                on(Platform::Windows, Tool::Rdp, path),
                Err(ProgramProblem::Batch),
                "{path}"
            );
        }
        assert_eq!(
            on(Platform::Linux, Tool::Rdp, "/usr/bin/xfreerdp.sh"),
            Err(ProgramProblem::Batch)
        );
    }

    #[test]
    fn only_an_absolute_path_of_this_machine_is_taken() {
        for path in [
            "mstsc.exe",
            r"\Windows\System32\mstsc.exe",
            r"\\server\share\mstsc.exe",
            r"\\?\C:\Windows\System32\mstsc.exe",
            r"C:mstsc.exe",
            r"C:\Windows\..\Temp\mstsc.exe",
            "C:/Windows/System32/mstsc.exe",
            "",
        ] {
            assert_eq!(
                on(Platform::Windows, Tool::Rdp, path),
                Err(ProgramProblem::NotAbsolute),
                "{path}"
            );
        }
        for path in [
            "xfreerdp",
            "./xfreerdp",
            "//server/xfreerdp",
            "/usr/bin/../../tmp/xfreerdp",
            "",
            r"C:\xfreerdp",
        ] {
            assert_eq!(
                on(Platform::Linux, Tool::Rdp, path),
                Err(ProgramProblem::NotAbsolute),
                "{path}"
            );
        }
    }

    #[test]
    fn a_program_of_another_tool_is_refused() {
        for path in [
            r"C:\Windows\System32\cmd.exe",
            r"C:\Windows\System32\mstsc.exe ",
            r"C:\Windows\System32\msra.exe",
        ] {
            let refused = on(Platform::Windows, Tool::Rdp, path);
            assert!(
                matches!(refused, Err(ProgramProblem::NotThisTool { .. })),
                "{path}: {refused:?}"
            );
        }
        let none = on(Platform::Linux, Tool::QuickAssist, "/usr/bin/xfreerdp");
        assert_eq!(none, Err(ProgramProblem::NotThisTool { known: String::new() }));
    }

    #[test]
    fn a_path_has_no_characters_that_anything_else_reads() {
        for path in [
            r"C:\Tools\mstsc.exe:mstsc.exe",
            r"C:\%TEMP%\mstsc.exe",
            "C:\\Tools\\\"mstsc.exe",
            "C:\\Tools\\\nmstsc.exe",
        ] {
            assert_eq!(
                on(Platform::Windows, Tool::Rdp, path),
                Err(ProgramProblem::Characters),
                "{path}"
            );
        }
        assert_eq!(
            on(Platform::Linux, Tool::Rdp, "/opt/$HOME/xfreerdp"),
            Err(ProgramProblem::Characters)
        );
        assert_eq!(
            on(
                Platform::Windows,
                Tool::TeamViewer,
                r"C:\Program Files (x86)\TeamViewer\teamviewer.EXE"
            ),
            Ok(())
        );
        assert_eq!(on(Platform::Linux, Tool::Vnc, "/usr/bin/xtigervncviewer"), Ok(()));
    }
}
