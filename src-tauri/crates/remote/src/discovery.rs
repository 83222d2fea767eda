//! Looking for the policy, and for the tools' programs where they are known to be installed. The only I/O of planning: reading one
//! file, and whether others are there.
//!
//! The places are written out. Neither `PATH` nor `%ProgramFiles%` is asked: both can be changed by whatever runs in the account.
//! A machine whose programs stand elsewhere says so in the policy.

use crate::{Platform, Policy, Programs, RemoteError, Tool};
use std::{io, path::Path};

/// Where the machine's policy stands. Only who administers the machine writes there: a folder that any account may make, such
/// as one below `C:\ProgramData`, would let another account of the same machine say what is started.
#[must_use]
pub const fn policy_file(platform: Platform) -> &'static str {
    match platform {
        Platform::Windows => r"C:\Program Files\Guichet\remote.toml",
        Platform::Linux => "/etc/guichet/remote.toml",
    }
}

/// The policy: of a file that was named, else the machine's, else the default one where the machine has none.
///
/// # Errors
/// When the file cannot be read or is wrong: there is no falling back to what it may have meant to forbid.
pub fn policy(file: Option<&Path>) -> Result<Policy, RemoteError> {
    let platform = Platform::here();
    let named = file.is_some();
    let path = file.unwrap_or_else(|| Path::new(policy_file(platform)));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if !named && source.kind() == io::ErrorKind::NotFound => return Ok(Policy::default()),
        Err(source) => {
            return Err(RemoteError::PolicyUnreadable {
                path: path.display().to_string(),
                source,
            });
        }
    };
    Policy::parse(&text, platform).map_err(|source| RemoteError::Policy {
        path: path.display().to_string(),
        source,
    })
}

/// Known places of a tool's program, the best first.
#[must_use]
pub const fn places(tool: &Tool, platform: Platform) -> &'static [&'static str] {
    match (tool, platform) {
        (Tool::TeamViewer, Platform::Windows) => &[
            r"C:\Program Files\TeamViewer\TeamViewer.exe",
            r"C:\Program Files (x86)\TeamViewer\TeamViewer.exe",
        ],
        (Tool::RustDesk, Platform::Windows) => &[r"C:\Program Files\RustDesk\rustdesk.exe"],
        (Tool::RustDesk, Platform::Linux) => &["/usr/bin/rustdesk"],
        (Tool::AnyDesk, Platform::Windows) => &[
            r"C:\Program Files (x86)\AnyDesk\AnyDesk.exe",
            r"C:\Program Files\AnyDesk\AnyDesk.exe",
        ],
        (Tool::AnyDesk, Platform::Linux) => &["/usr/bin/anydesk"],
        (Tool::RemoteAssistance, Platform::Windows) => &[r"C:\Windows\System32\msra.exe"],
        (Tool::Rdp | Tool::RdpShadow, Platform::Windows) => &[r"C:\Windows\System32\mstsc.exe"],
        (Tool::Rdp, Platform::Linux) => &["/usr/bin/xfreerdp3", "/usr/bin/xfreerdp"],
        (Tool::Vnc, Platform::Windows) => &[
            r"C:\Program Files\TigerVNC\vncviewer.exe",
            r"C:\Program Files\RealVNC\VNC Viewer\vncviewer.exe",
            r"C:\Program Files\TightVNC\tvnviewer.exe",
        ],
        (Tool::Vnc, Platform::Linux) => &["/usr/bin/xtigervncviewer", "/usr/bin/vncviewer"],
        _ => &[],
    }
}

/// The programs of this machine: the policy's where it says one, else the first that is found.
#[must_use]
pub fn programs(policy: &Policy) -> Programs {
    programs_where(policy, Platform::here(), |path| Path::new(path).is_file())
}

/// The same, asking `is_there` instead of the disk.
#[must_use]
pub fn programs_where(policy: &Policy, platform: Platform, is_there: impl Fn(&str) -> bool) -> Programs {
    let mut programs = Programs::none(platform);
    for tool in Tool::BUILT_IN {
        // What the policy says is not replaced by what happens to be there: a missing one is told when it is to be started.
        let path = policy
            .program(&tool)
            .or_else(|| places(&tool, platform).iter().copied().find(|path| is_there(path)));
        if let Some(path) = path {
            // The policy's are checked when it is read, the known places by a test: nothing is lost here.
            let _ = programs.set(tool, path);
        }
    }
    programs
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::program::{check, names};

    #[test]
    fn every_known_place_keeps_the_rules_of_programs() {
        for platform in Platform::ALL {
            for tool in Tool::BUILT_IN {
                for path in places(&tool, platform) {
                    assert_eq!(check(&tool, platform, path), Ok(()), "{path}");
                }
                assert_eq!(
                    places(&tool, platform).is_empty(),
                    names(&tool, platform).is_empty(),
                    "{tool} on {platform:?}: a program without a place, or the reverse"
                );
            }
        }
    }

    #[test]
    fn a_policy_that_is_wrong_or_unreadable_is_not_replaced_by_the_default_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("remote.toml");
        assert_eq!(policy(Some(&file)).unwrap_err().code(), "remote_policy_unreadable");
        std::fs::write(&file, "allowed = [").unwrap();
        assert_eq!(policy(Some(&file)).unwrap_err().code(), "remote_policy_invalid");
        std::fs::write(&file, "allowed = []").unwrap();
        assert!(!policy(Some(&file)).unwrap().allows(&Tool::Vnc));
    }

    #[test]
    fn the_policy_comes_first_and_is_not_replaced_when_its_program_is_missing() {
        let policy = Policy::parse("[programs]\nvnc = '/opt/tools/vncviewer'\n", Platform::Linux).unwrap();
        let found = programs_where(&policy, Platform::Linux, |path| !path.starts_with("/opt"));
        assert_eq!(found.path(&Tool::Vnc), Some("/opt/tools/vncviewer"));
        assert_eq!(found.path(&Tool::Rdp), Some("/usr/bin/xfreerdp3"));
        let none = programs_where(&Policy::default(), Platform::Linux, |_| false);
        assert_eq!(none, Programs::none(Platform::Linux));
    }
}
