//! The initial diagnosis: what somebody who takes a case over needs to know. The escalation's form and the hot transfer's
//! briefing are both made of it; which fields are mandatory is the contract's choice.

use crate::{
    asset::AssetKey,
    document::Attachment,
    names::names,
    wording::{Phrases, Text},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A field of the diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum DiagnosisField {
    /// What is seen.
    Symptom,
    /// Since when.
    Since,
    /// Whom it hits.
    Affected,
    /// What was tried, and what it changed.
    Tried,
    /// The error's own words.
    ErrorText,
    /// Pictures of it.
    Screenshots,
    /// What a remote session showed.
    RemoteSession,
    /// The equipment.
    Asset,
}

/// A piece of equipment by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NamedAsset {
    /// Which.
    pub key: AssetKey,
    /// "PC-0417".
    pub name: String,
}

/// What the technician found out. Kept as he types it; an empty field is one not filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct Diagnosis {
    /// What is seen.
    pub symptom: String,
    /// Since when, in words: "ce matin", "depuis la mise à jour".
    pub since: String,
    /// Whom it hits: one person, a room, a site.
    pub affected: String,
    /// What was tried.
    pub tried: String,
    /// The error's own words.
    pub error_text: String,
    /// Pictures, held on this desk.
    pub screenshots: Vec<Attachment>,
    /// What a remote session showed, or why there was none.
    pub remote_session: String,
    /// Equipment.
    pub assets: Vec<NamedAsset>,
}

impl Diagnosis {
    /// Whether a field says something.
    #[must_use]
    pub fn has(&self, field: DiagnosisField) -> bool {
        match field {
            DiagnosisField::Screenshots => !self.screenshots.is_empty(),
            DiagnosisField::Asset => !self.assets.is_empty(),
            _ => !self.words(field).trim().is_empty(),
        }
    }

    /// What a field says, as a line or several; names of files and of equipment for those that hold some.
    #[must_use]
    pub fn words(&self, field: DiagnosisField) -> String {
        let joined = |names: Vec<&str>| names.join(", ");
        match field {
            DiagnosisField::Symptom => self.symptom.clone(),
            DiagnosisField::Since => self.since.clone(),
            DiagnosisField::Affected => self.affected.clone(),
            DiagnosisField::Tried => self.tried.clone(),
            DiagnosisField::ErrorText => self.error_text.clone(),
            DiagnosisField::Screenshots => joined(self.screenshots.iter().map(|file| file.filename.as_str()).collect()),
            DiagnosisField::RemoteSession => self.remote_session.clone(),
            DiagnosisField::Asset => joined(self.assets.iter().map(|asset| asset.name.as_str()).collect()),
        }
    }

    /// The fields of a set that say nothing, in the order of the form.
    #[must_use]
    pub fn missing(&self, mandatory: &BTreeSet<DiagnosisField>) -> Vec<DiagnosisField> {
        mandatory.iter().copied().filter(|field| !self.has(*field)).collect()
    }

    /// The filled fields as lines "label: words", in the order of the form. A text of several lines begins on a line of its
    /// own.
    #[must_use]
    pub fn lines(&self, phrases: &dyn Phrases) -> Vec<String> {
        let filled = DiagnosisField::VALUES.iter().filter(|field| self.has(**field));
        filled
            .map(|field| {
                let words = self.words(*field).trim().to_owned();
                let words = if words.contains('\n') {
                    format!("\n{words}")
                } else {
                    words
                };
                let label = field.label(phrases);
                phrases.phrase("diagnosis.line", &[("label", label), ("words", words)])
            })
            .collect()
    }
}

impl DiagnosisField {
    /// What the field is called: phrase `diagnosis.field.NAME`.
    #[must_use]
    pub fn label(self, phrases: &dyn Phrases) -> String {
        phrases.phrase(&format!("diagnosis.field.{}", self.name()), &[])
    }
}

/// The form of a domain: which fields it insists on, and what it says beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EscalationForm {
    /// The domain of the responsibility matrix it is for; `None` for every other one.
    pub domain: Option<String>,
    /// Fields without which nothing is sent.
    pub mandatory: BTreeSet<DiagnosisField>,
    /// What helps to fill a field in well, in the contract's own words.
    pub hints: BTreeMap<DiagnosisField, Text>,
}

impl Default for EscalationForm {
    /// What any second level asks back for when it is not there: what is seen, since when, whom it hits, what was tried.
    fn default() -> Self {
        Self {
            domain: None,
            mandatory: [
                DiagnosisField::Symptom,
                DiagnosisField::Since,
                DiagnosisField::Affected,
                DiagnosisField::Tried,
            ]
            .into(),
            hints: BTreeMap::new(),
        }
    }
}

impl EscalationForm {
    /// The form for a domain: its own, else the contract's general one, else the default.
    #[must_use]
    pub fn of_domain(forms: &[Self], domain: &str) -> Self {
        let own = forms.iter().find(|form| form.domain.as_deref() == Some(domain));
        let general = || forms.iter().find(|form| form.domain.is_none());
        own.or_else(general).cloned().unwrap_or_default()
    }
}

names!(DiagnosisField {
    Symptom => "symptom",
    Since => "since",
    Affected => "affected",
    Tried => "tried",
    ErrorText => "error_text",
    Screenshots => "screenshots",
    RemoteSession => "remote_session",
    Asset => "asset",
});

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::wording::testing::Catalogue;

    #[test]
    fn what_is_missing_is_named_in_the_order_of_the_form() {
        let mut diagnosis = Diagnosis::default();
        let form = EscalationForm::default();
        assert_eq!(
            diagnosis.missing(&form.mandatory),
            [
                DiagnosisField::Symptom,
                DiagnosisField::Since,
                DiagnosisField::Affected,
                DiagnosisField::Tried
            ]
        );
        diagnosis.symptom = " \n ".into();
        assert!(!diagnosis.has(DiagnosisField::Symptom), "blanks say nothing");
        diagnosis.symptom = "Écran bleu".into();
        diagnosis.since = "ce matin".into();
        diagnosis.affected = "une personne".into();
        assert_eq!(diagnosis.missing(&form.mandatory), [DiagnosisField::Tried]);
        let asset: BTreeSet<_> = [DiagnosisField::Asset, DiagnosisField::Screenshots].into();
        assert_eq!(diagnosis.missing(&asset).len(), 2);
    }

    #[test]
    fn a_domain_has_its_own_form_else_the_general_one_else_the_default() {
        let form = |domain: Option<&str>, field| EscalationForm {
            domain: domain.map(str::to_owned),
            mandatory: [field].into(),
            hints: BTreeMap::new(),
        };
        let forms = [
            form(None, DiagnosisField::Tried),
            form(Some("network"), DiagnosisField::Asset),
        ];
        let of = |domain| EscalationForm::of_domain(&forms, domain).mandatory;
        assert_eq!(of("network"), [DiagnosisField::Asset].into());
        assert_eq!(of("user"), [DiagnosisField::Tried].into());
        assert_eq!(EscalationForm::of_domain(&[], "user"), EscalationForm::default());
    }

    #[test]
    fn every_field_has_a_label_in_both_languages_and_only_filled_ones_are_written() {
        for phrases in Catalogue::both() {
            for field in DiagnosisField::VALUES {
                assert!(!field.label(&phrases).is_empty());
                assert_eq!(field.name().parse::<DiagnosisField>().unwrap(), *field);
                assert_eq!(serde_json::to_value(field).unwrap(), field.name());
            }
            let diagnosis = Diagnosis {
                symptom: "Écran bleu\nau démarrage".into(),
                assets: vec![NamedAsset {
                    key: AssetKey {
                        kind: "Computer".into(),
                        id: 4,
                    },
                    name: "PC-0417".into(),
                }],
                ..Diagnosis::default()
            };
            let lines = diagnosis.lines(&phrases);
            assert_eq!(lines.len(), 2, "{lines:?}");
            assert!(lines[0].ends_with("\nÉcran bleu\nau démarrage") && lines[1].ends_with("PC-0417"));
        }
    }
}
