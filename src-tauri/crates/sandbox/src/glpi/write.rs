//! Writing: what GLPI answers to POST, PUT and DELETE, and the journal of what it accepted.

use super::{
    Glpi,
    cell::Cell,
    journal::{Author, Write, WriteAction, WrittenFile},
    params::{Params, truthy},
    reply::{NO_PERMISSION, Refusal, Reply},
    rights,
    schema::{Kind, Type},
    session::Session,
    upload::Upload,
};
use crate::wire::{Body, Request};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Who writes, when, in which zone his datetimes are.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    pub(crate) session: Session,
    pub(crate) now: Timestamp,
    pub(crate) author: Author,
}

impl Pen {
    pub(crate) fn stamp(&self) -> Cell {
        Cell::Time(self.now.as_second())
    }
}

/// Why a write is refused: the text GLPI puts beside its code, often empty, sometimes null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused(pub(crate) Value);

impl Refused {
    pub(crate) fn silently() -> Self {
        Self(json!(""))
    }

    pub(crate) fn permission() -> Self {
        Self(json!(NO_PERMISSION))
    }

    pub(crate) fn saying(text: impl Into<String>) -> Self {
        Self(Value::String(text.into()))
    }
}

/// A number as JSON clients write it: 3, "3", true.
pub(crate) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().map(|n| n.trunc() as i64)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(yes) => Some(i64::from(*yes)),
        _ => None,
    }
}

/// A switch as JSON clients write it.
pub(crate) fn switch(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::Number(n) => n.as_i64() != Some(0),
        Value::String(text) => truthy(text),
        _ => false,
    }
}

impl Glpi {
    /// `POST Itemtype`.
    pub(super) fn post(
        &mut self,
        session: &Session,
        kind: Kind,
        request: &Request,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let pen = Pen {
            session: session.clone(),
            now,
            author: Author::Client,
        };
        let (inputs, single, upload) = match &request.body {
            Body::Upload {
                manifest,
                filename,
                mime,
                content,
            } => {
                let (inputs, single) = inputs(manifest)?;
                let upload = Upload {
                    filename: filename.clone(),
                    mime: mime.clone(),
                    content: content.clone(),
                };
                (inputs, single, Some(upload))
            }
            Body::Json(body) => {
                let (inputs, single) = inputs(body)?;
                (inputs, single, None)
            }
            Body::Empty | Body::Malformed => return Err(bad_array()),
        };
        let mut answers = Vec::new();
        let mut created = Vec::new();
        let mut failed = 0;
        for input in &inputs {
            match self.add(&pen, kind, input, upload.as_ref()) {
                Ok((id, message)) => {
                    created.push(id);
                    answers.push(json!({ "id": id, "message": message }));
                }
                Err(Refused(message)) => {
                    failed += 1;
                    answers.push(json!({ "id": false, "message": message }));
                }
            }
        }
        if failed == inputs.len() {
            let detail = if single {
                answers[0]["message"].clone()
            } else {
                Value::Array(answers)
            };
            return Err(Refusal::with(400, "ERROR_GLPI_ADD", detail));
        }
        if failed > 0 {
            return Err(Refusal::with(207, "ERROR_GLPI_PARTIAL_ADD", Value::Array(answers)));
        }
        let place = |id: &i64| format!("{}/{}/{id}", self.api_root(), kind.name());
        let places: Vec<String> = created.iter().map(place).collect();
        if single {
            let mut answer = answers.remove(0);
            if let Some(upload) = &upload {
                answer["upload_result"] = json!({ "filename": [upload.result(&self.options)] });
            }
            Ok(Reply::json(201, &answer).header("location", &places[0]))
        } else {
            Ok(Reply::json(201, &Value::Array(answers)).header("link", &places.join(",")))
        }
    }

    /// `PUT Itemtype[/id]`.
    pub(super) fn put(
        &mut self,
        session: &Session,
        kind: Kind,
        id: Option<i64>,
        body: &Value,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let pen = Pen {
            session: session.clone(),
            now,
            author: Author::Client,
        };
        let (inputs, _) = inputs(body)?;
        let mut answers = Vec::new();
        let mut failed = 0;
        let mut last_message = Value::Null;
        for input in &inputs {
            let target = id.or_else(|| number(&input["id"])).unwrap_or(0);
            if !self.db.table(kind).has(target) {
                // A missing row is simply absent from the answer.
                failed += 1;
                last_message = Value::Null;
                continue;
            }
            match self.update(&pen, kind, target, input) {
                Ok(()) => answers.push(json!({ target.to_string(): true, "message": "" })),
                Err(Refused(message)) => {
                    failed += 1;
                    answers.push(json!({ target.to_string(): false, "message": message.clone() }));
                    last_message = message;
                }
            }
        }
        if failed == inputs.len() {
            let detail = if inputs.len() == 1 {
                last_message
            } else {
                Value::Array(answers)
            };
            return Err(Refusal::with(400, "ERROR_GLPI_UPDATE", detail));
        }
        if failed > 0 {
            return Err(Refusal::with(207, "ERROR_GLPI_PARTIAL_UPDATE", Value::Array(answers)));
        }
        Ok(Reply::json(200, &Value::Array(answers)))
    }

    /// `DELETE Itemtype[/id]`.
    pub(super) fn delete(
        &mut self,
        session: &Session,
        kind: Kind,
        id: Option<i64>,
        body: &Value,
        params: &Params,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let pen = Pen {
            session: session.clone(),
            now,
            author: Author::Client,
        };
        let purge = params.switch("force_purge", false) || switch(&body["force_purge"]);
        let targets: Vec<i64> = match id {
            Some(id) => vec![id],
            None => inputs(body)?
                .0
                .iter()
                .map(|input| number(&input["id"]).unwrap_or(0))
                .collect(),
        };
        let mut answers = Vec::new();
        let mut failed = 0;
        for target in &targets {
            match self.remove(&pen, kind, *target, purge) {
                Ok(()) => answers.push(json!({ target.to_string(): true, "message": "" })),
                Err(Refused(message)) => {
                    failed += 1;
                    answers.push(json!({ target.to_string(): false, "message": message }));
                }
            }
        }
        if failed == targets.len() {
            let detail = if targets.len() == 1 {
                answers[0]["message"].clone()
            } else {
                Value::Array(answers)
            };
            return Err(Refusal::with(400, "ERROR_GLPI_DELETE", detail));
        }
        if failed > 0 {
            return Err(Refusal::with(207, "ERROR_GLPI_PARTIAL_DELETE", Value::Array(answers)));
        }
        Ok(Reply::json(200, &Value::Array(answers)))
    }

    /// Creates one row.
    pub(crate) fn add(
        &mut self,
        pen: &Pen,
        kind: Kind,
        input: &Value,
        upload: Option<&Upload>,
    ) -> Result<(i64, String), Refused> {
        if !rights::may_write(&pen.session, kind) {
            return Err(Refused::permission());
        }
        let (id, message) = self.create(pen, kind, input, upload)?;
        self.record(pen, WriteAction::Add, kind, id, input, upload);
        Ok((id, message))
    }

    /// Changes one row.
    pub(crate) fn update(&mut self, pen: &Pen, kind: Kind, id: i64, input: &Value) -> Result<(), Refused> {
        if !rights::may_write(&pen.session, kind) || !rights::readable(&self.db, &pen.session, kind, id) {
            return Err(Refused::permission());
        }
        self.change(pen, kind, id, input)?;
        self.record(pen, WriteAction::Update, kind, id, input, None);
        Ok(())
    }

    /// Deletes one row: to the bin where there is one, unless it is purged.
    pub(crate) fn remove(&mut self, pen: &Pen, kind: Kind, id: i64, purge: bool) -> Result<(), Refused> {
        if !self.db.table(kind).has(id) {
            return Err(Refused::saying("Item not found"));
        }
        if !rights::may_delete(&self.db, &pen.session, kind, id) || !rights::readable(&self.db, &pen.session, kind, id)
        {
            return Err(Refused::permission());
        }
        let to_bin = !purge && kind.schema().column("is_deleted").is_some();
        let action = if to_bin || !purge {
            WriteAction::Delete
        } else {
            WriteAction::Purge
        };
        // Recorded first: afterwards nothing knows whose row it was.
        self.record(pen, action, kind, id, &Value::Null, None);
        if to_bin {
            self.put_in_bin(pen, kind, id);
        } else {
            self.erase(pen, kind, id);
        }
        Ok(())
    }

    fn record(&mut self, pen: &Pen, action: WriteAction, kind: Kind, id: i64, input: &Value, upload: Option<&Upload>) {
        use base64::Engine as _;
        let file = upload.map(|upload| WrittenFile {
            filename: upload.filename.clone(),
            mime: upload.mime.clone(),
            content: base64::engine::general_purpose::STANDARD.encode(&upload.content),
        });
        self.journal.push(Write {
            at: pen.now,
            user: pen.session.user,
            author: pen.author,
            action,
            itemtype: kind.name().to_owned(),
            id,
            ticket: self.db.ticket_of(kind, id).filter(|ticket| *ticket != 0),
            input: input.clone(),
            file,
        });
    }

    /// Repeats a recorded write: what a restarted sandbox does with its journal. Gives false for a write this data does
    /// not take (another seed's journal).
    pub fn replay(&mut self, write: &Write) -> bool {
        use base64::Engine as _;
        let Some(kind) = Kind::named(&write.itemtype) else {
            return false;
        };
        let session = self.open_session(write.user);
        let pen = Pen {
            session,
            now: write.at,
            author: write.author,
        };
        let upload = write.file.as_ref().and_then(|file| {
            let content = base64::engine::general_purpose::STANDARD.decode(&file.content).ok()?;
            Some(Upload {
                filename: file.filename.clone(),
                mime: file.mime.clone(),
                content: content.into(),
            })
        });
        match write.action {
            WriteAction::Add => self
                .add(&pen, kind, &write.input, upload.as_ref())
                .is_ok_and(|(id, _)| id == write.id),
            WriteAction::Update => self.update(&pen, kind, write.id, &write.input).is_ok(),
            WriteAction::Delete => self.remove(&pen, kind, write.id, false).is_ok(),
            WriteAction::Purge => self.remove(&pen, kind, write.id, true).is_ok(),
        }
    }

    /// The columns of an input, as cells: unknown ones are ignored, datetimes are read in the writer's zone.
    pub(crate) fn cells<'input>(&self, pen: &Pen, kind: Kind, input: &'input Value) -> Vec<(&'input str, Cell)> {
        let Value::Object(input) = input else { return Vec::new() };
        let schema = kind.schema();
        input
            .iter()
            .filter(|(name, _)| name.as_str() != "id" && schema.has(name, self.options.version))
            .filter_map(|(name, value)| {
                let column = schema.column(name)?;
                let cell = cell_of(&schema.columns[usize::from(column)].kind, value, pen)?;
                Some((name.as_str(), cell))
            })
            .collect()
    }
}

fn cell_of(kind: &Type, value: &Value, pen: &Pen) -> Option<Cell> {
    Some(match (kind, value) {
        (Type::Id | Type::Constant(_), _) => return None,
        (Type::Int(_) | Type::Link(_), value) => Cell::Int(number(value).unwrap_or(0)),
        (_, Value::Null) => Cell::Null,
        (Type::MaybeInt, value) => number(value).map_or(Cell::Null, Cell::Int),
        (Type::Time, Value::String(text)) => Glpi::read_time(text, &pen.session.zone).map_or(Cell::Null, Cell::Time),
        (Type::Time, _) => Cell::Null,
        (Type::Text | Type::Line, Value::String(text)) => Cell::text(text),
        (Type::Text | Type::Line, other) => Cell::text(&other.to_string()),
    })
}

/// `{"input": {…}}` or `{"input": [{…}, …]}`.
fn inputs(body: &Value) -> Result<(Vec<Value>, bool), Refusal> {
    match &body["input"] {
        Value::Object(one) => Ok((vec![Value::Object(one.clone())], true)),
        Value::Array(many) if !many.is_empty() && many.iter().all(Value::is_object) => Ok((many.clone(), false)),
        _ => Err(bad_array()),
    }
}

fn bad_array() -> Refusal {
    Refusal::documented(400, "ERROR_BAD_ARRAY", "input parameter must be an array of objects")
}

/// The ids an input gives under a key: one number or a list.
pub(crate) fn ids_of(input: &Value, key: &str) -> Vec<i64> {
    match &input[key] {
        Value::Array(many) => many.iter().filter_map(number).filter(|id| *id != 0).collect(),
        Value::Object(map) => map.values().filter_map(number).filter(|id| *id != 0).collect(),
        value => number(value).filter(|id| *id != 0).into_iter().collect(),
    }
}

/// A text an input gives.
pub(crate) fn text_of<'input>(input: &'input Map<String, Value>, key: &str) -> Option<&'input str> {
    input.get(key).and_then(Value::as_str)
}
