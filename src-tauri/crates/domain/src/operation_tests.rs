//! What may be accepted, and what an operation says of itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::BlobHash;

fn text(text: &str) -> RichText {
    RichText::from_plain(text)
}

fn ticket() -> NewTicket {
    NewTicket {
        title: "Imprimante".into(),
        description: text("Ne répond plus"),
        kind: TicketKind::Incident,
        urgency: Level(3),
        impact: Level(3),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: vec![],
        assets: vec![],
    }
}

fn create(change: impl FnOnce(&mut NewTicket)) -> Operation {
    let mut ticket = ticket();
    change(&mut ticket);
    Operation::CreateTicket {
        ticket: Box::new(ticket),
    }
}

fn set(field: Field, base: FieldValue, new: FieldValue) -> Operation {
    Operation::SetField { field, base, new }
}

fn upload(filename: &str, size: u64, attach_to: AttachTo) -> Operation {
    let attachment = Attachment {
        blob: BlobHash("00".into()),
        filename: filename.into(),
        mime: "image/png".into(),
        size,
    };
    Operation::UploadDocument { attachment, attach_to }
}

#[test]
fn a_ticket_needs_a_title_and_steps_of_its_scales() {
    assert_eq!(create(|_| ()).validate(), Ok(()));
    assert_eq!(
        create(|t| t.title = "  ".into()).validate(),
        Err(OperationError::EmptyTitle)
    );
    assert_eq!(create(|t| t.title = "é".repeat(255)).validate(), Ok(()));
    assert_eq!(
        create(|t| t.title = "é".repeat(256)).validate(),
        Err(OperationError::TitleTooLong { max: 255 })
    );
    for got in [0, 6] {
        assert_eq!(
            create(|t| t.urgency = Level(got)).validate(),
            Err(OperationError::LevelOutOfRange {
                field: Field::Urgency,
                max: 5,
                got
            })
        );
        assert_eq!(
            create(|t| t.impact = Level(got)).validate(),
            Err(OperationError::LevelOutOfRange {
                field: Field::Impact,
                max: 5,
                got
            })
        );
    }
}

#[test]
fn a_text_that_must_say_something_says_something() {
    for body in ["", "   ", "\u{a0}\n"] {
        let body = text(body);
        for operation in [
            Operation::AddFollowup {
                body: body.clone(),
                private: false,
            },
            Operation::AddSolution {
                body: body.clone(),
                solution_type: None,
            },
            Operation::Reopen { body: body.clone() },
            Operation::AnswerSolution {
                accept: false,
                body: body.clone(),
            },
        ] {
            assert_eq!(
                operation.validate(),
                Err(OperationError::EmptyBody),
                "{}",
                operation.name()
            );
        }
        assert_eq!(Operation::AnswerSolution { accept: true, body }.validate(), Ok(()));
    }
    let task = |duration_s| Operation::AddTask {
        body: text("rappeler"),
        private: true,
        state: TaskState::Todo,
        duration_s,
        begin: None,
        assignee: None,
    };
    assert_eq!(task(0).validate(), Ok(()));
    assert_eq!(task(-1).validate(), Err(OperationError::NegativeDuration));
}

#[test]
fn a_field_takes_its_own_kind_of_value_only() {
    let values = [
        FieldValue::Text("x".into()),
        FieldValue::Rich(text("x")),
        FieldValue::Kind(TicketKind::Request),
        FieldValue::Status(Status::Waiting),
        FieldValue::Level(Level(2)),
        FieldValue::Row(Some(1)),
    ];
    for field in Field::VALUES {
        let accepted: Vec<_> = values.iter().filter(|value| field.accepts(value)).collect();
        assert_eq!(accepted.len(), 1, "{field}");
        for value in &values {
            let expected = if field.accepts(value) {
                Ok(())
            } else {
                Err(OperationError::WrongValue { field: *field })
            };
            assert_eq!(set(*field, value.clone(), value.clone()).validate(), expected);
            assert_eq!(
                set(*field, accepted[0].clone(), value.clone()).validate(),
                expected,
                "{field} {value:?}"
            );
        }
    }
    let level = |field, got| set(field, FieldValue::Level(Level(3)), FieldValue::Level(Level(got))).validate();
    assert_eq!(level(Field::Priority, 6), Ok(()));
    assert_eq!(
        level(Field::Urgency, 6),
        Err(OperationError::LevelOutOfRange {
            field: Field::Urgency,
            max: 5,
            got: 6
        })
    );
    assert_eq!(
        level(Field::Priority, 7),
        Err(OperationError::LevelOutOfRange {
            field: Field::Priority,
            max: 6,
            got: 7
        })
    );
    // What the technician saw may be out of range: some backends have such rows.
    assert_eq!(
        set(Field::Urgency, FieldValue::Level(Level(0)), FieldValue::Level(Level(3))).validate(),
        Ok(())
    );
}

#[test]
fn a_file_has_a_name_and_bytes() {
    assert_eq!(upload("écran.png", 1, AttachTo::Ticket).validate(), Ok(()));
    assert_eq!(
        upload(" ", 1, AttachTo::Ticket).validate(),
        Err(OperationError::EmptyFile)
    );
    assert_eq!(
        upload("écran.png", 0, AttachTo::Ticket).validate(),
        Err(OperationError::EmptyFile)
    );
}

#[test]
fn a_ticket_is_linked_to_one_that_the_server_has() {
    let link = |ticket| Operation::LinkTicket {
        ticket: TicketId(ticket),
        kind: LinkKind::Related,
    };
    assert_eq!(link(12).validate(), Ok(()));
    assert_eq!(link(-3).validate(), Err(OperationError::UnsentTicket));
}

#[test]
fn a_proposed_article_has_a_title_and_says_something() {
    let propose = |title: &str, text: &str| Operation::ProposeArticle {
        title: title.into(),
        body: RichText::from_plain(text),
    };
    assert_eq!(propose("Vider la file", "Relancer le spouleur.").validate(), Ok(()));
    assert_eq!(propose(" ", "Relancer.").validate(), Err(OperationError::EmptyTitle));
    assert_eq!(propose("Vider", " ").validate(), Err(OperationError::EmptyBody));
    assert_eq!(propose("Vider", "Relancer.").plain_text(), "Vider\n\nRelancer.");
}

#[test]
fn an_operation_says_what_it_is() {
    let id = OperationId::new();
    assert_eq!(upload("a", 1, AttachTo::Operation { id }).depends_on(), Some(id));
    assert_eq!(upload("a", 1, AttachTo::Ticket).depends_on(), None);
    assert_eq!(
        Operation::Reopen { body: text("x") }.creates(),
        Some(EntryKind::Followup)
    );
    assert_eq!(create(|_| ()).creates(), None);
    assert_eq!(create(|_| ()).plain_text(), "Imprimante\n\nNe répond plus");
    assert_eq!(
        set(
            Field::Status,
            FieldValue::Status(Status::New),
            FieldValue::Status(Status::Waiting)
        )
        .plain_text(),
        "waiting"
    );
}
