//! Why a call ended, as networks say it (ITU-T Q.850).

use guichet_domain::call::CallCause;

/// What a cause means.
pub(crate) fn cause(code: u16) -> CallCause {
    match code {
        16 => CallCause::Normal,
        17 => CallCause::Busy,
        18 | 19 => CallCause::NoAnswer,
        21 => CallCause::Rejected,
        26 => CallCause::AnsweredElsewhere,
        1 | 2 | 3 | 28 => CallCause::NotFound,
        20 | 27 | 34 | 38 | 41 | 42 | 44 | 58 => CallCause::Congestion,
        _ => CallCause::Unknown,
    }
}
