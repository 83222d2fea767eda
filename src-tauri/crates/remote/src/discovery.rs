//! Looking for the tools' programs where they are known to be installed. The only I/O of planning: whether a file is there.
//!
//! The places are written out. Neither `PATH` nor `%ProgramFiles%` is asked: both can be changed by whatever runs in the account.
//! A machine whose programs stand elsewhere says so in the policy.

use crate::{Platform, Policy, Programs, Tool};
use std::path::Path;

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
    fn the_policy_comes_first_and_is_not_replaced_when_its_program_is_missing() {
        let policy = Policy::parse("[programs]\nvnc = '/opt/tools/vncviewer'\n", Platform::Linux).unwrap();
        let found = programs_where(&policy, Platform::Linux, |path| !path.starts_with("/opt"));
        assert_eq!(found.path(&Tool::Vnc), Some("/opt/tools/vncviewer"));
        assert_eq!(found.path(&Tool::Rdp), Some("/usr/bin/xfreerdp3"));
        let none = programs_where(&Policy::default(), Platform::Linux, |_| false);
        assert_eq!(none, Programs::none(Platform::Linux));
    }
}
