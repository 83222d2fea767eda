//! Knowledge-base articles: families of procedures (`assets/demo/fr/articles.txt`), one article for each context.

use super::{at, n, prose, row, t};
use crate::glpi::{Glpi, schema::Kind};
use std::sync::LazyLock;

const SOURCE: &str = include_str!("../../../../../assets/demo/fr/articles.txt");

/// A family of articles.
#[derive(Debug, Default)]
struct Family {
    category: &'static str,
    faq: bool,
    contexts: Vec<&'static str>,
    title: &'static str,
    introduction: &'static str,
    steps: Vec<&'static str>,
    command: Option<&'static str>,
    note: Option<&'static str>,
}

static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let mut all: Vec<Family> = Vec::new();
    for line in SOURCE.lines() {
        if let Some(head) = line.strip_prefix("= ") {
            let (category, audience) = head.split_once('|').unwrap_or((head, ""));
            all.push(Family {
                category: category.trim(),
                faq: audience.trim() == "faq",
                ..Family::default()
            });
            continue;
        }
        let (Some((letter, text)), Some(family)) = (line.split_once(' '), all.last_mut()) else {
            continue;
        };
        match letter {
            "X" => family.contexts = text.split('|').map(str::trim).collect(),
            "T" => family.title = text,
            "I" => family.introduction = text,
            "1" => family.steps.push(text),
            "C" => family.command = Some(text),
            "N" => family.note = Some(text),
            _ => {}
        }
    }
    all
});

impl Family {
    fn title(&self, context: &str) -> String {
        self.title.replace("{x}", context)
    }

    fn body(&self, context: &str, number: i64) -> String {
        let mut html = format!(
            "<h2>{}</h2><p>{}</p><ol>",
            escape(&self.title(context)),
            escape(&self.introduction.replace("{x}", context))
        );
        for step in &self.steps {
            html.push_str(&format!("<li>{}</li>", escape(step)));
        }
        html.push_str("</ol>");
        if let Some(command) = self.command {
            html.push_str(&format!("<pre>{}</pre>", escape(command)));
        }
        if let Some(note) = self.note {
            html.push_str(&format!("<p><strong>À savoir :</strong> {}</p>", escape(note)));
        }
        html.push_str(&format!(
            "<p>Référence : <a href=\"https://kb.agglo.example/{number}\">KB-{number:04}</a></p>"
        ));
        html
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn fill(glpi: &mut Glpi) {
    let options = glpi.options().clone();
    let families = &*FAMILIES;
    let widest = families.iter().map(|family| family.contexts.len()).max().unwrap_or(0);
    // Family by family within each context, so that a small base still has a bit of everything.
    let all: Vec<(&Family, &str)> = (0..widest)
        .flat_map(|nth| {
            families
                .iter()
                .filter_map(move |family| Some((family, *family.contexts.get(nth)?)))
        })
        .collect();
    if all.is_empty() {
        return;
    }
    for number in 1..=i64::from(options.articles) {
        let place = usize::try_from(number - 1).unwrap_or(0);
        let (family, context) = all[place % all.len()];
        let edition = place / all.len();
        let mut title = family.title(context);
        if edition > 0 {
            title = format!("{title} – {}", prose::PLACES[edition % prose::PLACES.len()]);
        }
        let age = 400 - (number * 37 % 390);
        let stamp = options.now - age * 86_400;
        let cells = vec![
            ("name", t(&title)),
            ("answer", t(&family.body(context, number))),
            ("is_faq", n(i64::from(family.faq))),
            ("users_id", n(2)),
            ("view", n(number * 13 % 240)),
            ("date_creation", at(stamp - 40 * 86_400)),
            ("date_mod", at(stamp)),
        ];
        let id = row(glpi, Kind::KnowbaseItem, cells);
        let category = super::lists::article_category(family.category);
        let cells = vec![("knowbaseitems_id", n(id)), ("knowbaseitemcategories_id", n(category))];
        row(glpi, Kind::KnowbaseItemKnowbaseItemCategory, cells);
        // A few drafts are shown to nobody yet.
        if number % 15 != 5 {
            let cells = vec![
                ("knowbaseitems_id", n(id)),
                ("entities_id", n(0)),
                ("is_recursive", n(1)),
            ];
            row(glpi, Kind::EntityKnowbaseItem, cells);
        }
        if number == 1 {
            let cells = vec![
                ("knowbaseitems_id", n(id)),
                ("language", t("en_GB")),
                ("name", t("Reset a password")),
                ("answer", t("<p>Check who is calling first.</p>")),
                ("date_mod", at(stamp)),
                ("date_creation", at(stamp)),
            ];
            row(glpi, Kind::KnowbaseItemTranslation, cells);
            let cells = vec![
                ("knowbaseitems_id", n(id)),
                ("users_id", n(2)),
                ("comment", t("Très utile, merci !")),
                ("date_creation", at(stamp)),
                ("date_mod", at(stamp)),
            ];
            row(glpi, Kind::KnowbaseItemComment, cells);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_a_hundred_and_fifty_different_articles_with_steps() {
        let titles: BTreeSet<String> = FAMILIES
            .iter()
            .flat_map(|family| family.contexts.iter().map(|context| family.title(context)))
            .collect();
        assert!(titles.len() >= 150, "{}", titles.len());
        for family in FAMILIES.iter() {
            assert!(
                family.steps.len() >= 5 && !family.introduction.is_empty(),
                "{}",
                family.title
            );
            assert!(
                super::super::lists::article_category(family.category) > 0,
                "{}",
                family.category
            );
        }
    }
}
