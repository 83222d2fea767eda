#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn log(entries: &[(u8, String)]) -> Vec<AuditLine> {
    let mut before = LineHash::NONE;
    let mut lines = Vec::new();
    for (nth, (kind, subject)) in (1_u64..).zip(entries) {
        let action = [
            AuditAction::TicketSeen,
            AuditAction::Exported,
            AuditAction::OperationSent,
        ][usize::from(*kind % 3)];
        let mut line = AuditLine {
            seq: nth,
            at: Timestamp::from_microsecond(1_760_000_000_000_000 + i64::from(*kind) * 7).unwrap(),
            actor: Actor::Account(i64::from(*kind)).to_string(),
            action: action.name(),
            subject: subject.clone(),
            outcome: "done".to_owned(),
            detail: String::new(),
            hash: LineHash::NONE,
        };
        line.hash = line.hash_after(before);
        before = line.hash;
        lines.push(line);
    }
    lines
}

fn entries() -> impl Strategy<Value = Vec<(u8, String)>> {
    proptest::collection::vec((any::<u8>(), "[a-z]{1,6}:[0-9]{1,5}"), 2..30)
}

/// Changes one field, whichever `which` says.
fn change(line: &mut AuditLine, which: u8) {
    match which % 7 {
        0 => line.at = Timestamp::from_microsecond(line.at.as_microsecond() + 1).unwrap(),
        1 => line.actor.push('x'),
        2 => line.action.push('x'),
        3 => line.subject.push('x'),
        4 => line.outcome.push('x'),
        5 => line.detail.push('x'),
        // From one field to the next: the whole text stays the same.
        _ => line.subject.insert(0, line.action.pop().unwrap()),
    }
}

proptest! {
    #[test]
    fn a_log_as_written_is_whole(entries in entries()) {
        let lines = log(&entries);
        let head = Chain::verify(&lines, Vec::new()).unwrap();
        prop_assert_eq!(head, Anchor { seq: lines.len() as u64, hash: lines.last().unwrap().hash });
        prop_assert!(Chain::verify(&lines, vec![head]).is_ok());
    }

    #[test]
    fn each_single_change_is_found_where_it_is(entries in entries(), at in any::<prop::sample::Index>(), which in any::<u8>()) {
        let mut lines = log(&entries);
        let at = at.index(lines.len());
        change(&mut lines[at], which);
        prop_assert_eq!(Chain::verify(&lines, Vec::new()), Err(Broken::Changed { seq: at as u64 + 1 }));
    }

    #[test]
    fn a_change_with_its_own_hash_made_anew_shows_at_the_next_line(entries in entries(), at in any::<prop::sample::Index>(), which in any::<u8>()) {
        let mut lines = log(&entries);
        let at = at.index(lines.len() - 1);
        change(&mut lines[at], which);
        let before = at.checked_sub(1).map_or(LineHash::NONE, |before| lines[before].hash);
        lines[at].hash = lines[at].hash_after(before);
        prop_assert_eq!(Chain::verify(&lines, Vec::new()), Err(Broken::Changed { seq: at as u64 + 2 }));
    }

    #[test]
    fn each_line_taken_out_put_in_twice_or_moved_is_found(entries in entries(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let whole = log(&entries);
        let (a, b) = (a.index(whole.len()), b.index(whole.len()));
        let mut less = whole.clone();
        less.remove(a);
        if a < less.len() {
            prop_assert_eq!(
                Chain::verify(&less, Vec::new()),
                Err(Broken::Gap { expected: a as u64 + 1, found: a as u64 + 2 })
            );
        }
        // Numbered anew, so that no gap shows.
        for (nth, line) in (1..).zip(less.iter_mut()) {
            line.seq = nth;
        }
        if a < less.len() {
            prop_assert_eq!(Chain::verify(&less, Vec::new()), Err(Broken::Changed { seq: a as u64 + 1 }));
        }
        let mut more = whole.clone();
        more.insert(a, whole[b].clone());
        prop_assert!(Chain::verify(&more, Vec::new()).is_err());
        let mut moved = whole.clone();
        moved.swap(a, b);
        prop_assert_eq!(Chain::verify(&moved, Vec::new()).is_err(), a != b);
    }

    #[test]
    fn an_end_that_was_cut_off_shows_by_an_anchor_only(entries in entries(), kept in any::<prop::sample::Index>()) {
        let whole = log(&entries);
        let head = Chain::verify(&whole, Vec::new()).unwrap();
        let cut = &whole[..kept.index(whole.len())];
        prop_assert!(Chain::verify(cut, Vec::new()).is_ok());
        let broken = Broken::CutOff { last: cut.len() as u64, anchor: head.seq };
        prop_assert_eq!(Chain::verify(cut, vec![head]), Err(broken));
    }

    #[test]
    fn a_log_made_anew_shows_by_an_anchor(entries in entries(), at in any::<prop::sample::Index>()) {
        let whole = log(&entries);
        let head = Chain::verify(&whole, Vec::new()).unwrap();
        let mut other = entries;
        let at = at.index(other.len());
        other[at].1.push('0');
        let forged = log(&other);
        prop_assert!(Chain::verify(&forged, Vec::new()).is_ok());
        prop_assert_eq!(Chain::verify(&forged, vec![head]), Err(Broken::MadeAnew { seq: head.seq }));
    }

    #[test]
    fn an_anchor_is_found_in_the_words_around_it(entries in entries(), before in ".{0,40}", after in ".{0,40}") {
        let head = Chain::verify(&log(&entries), Vec::new()).unwrap();
        prop_assume!(!before.contains(ANCHOR) && !after.contains(ANCHOR));
        let text = format!("{before} {head} {after}");
        prop_assert_eq!(Anchor::all_in(&text), vec![head]);
    }

    #[test]
    fn no_text_makes_the_search_for_anchors_panic(text in ".{0,80}") {
        let _ = Anchor::all_in(&format!("{ANCHOR}{text}"));
        let _ = Anchor::all_in(&format!("{ANCHOR}7:{text}"));
    }
}

#[test]
fn a_detail_is_short() {
    let entry = AuditEntry::done(AuditAction::Exported, "").detail("é".repeat(500));
    assert_eq!(entry.detail.chars().count(), DETAIL_MAX);
}
