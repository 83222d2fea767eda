//! Which articles were read and used at this desk: counted here and told nobody, so that the ones read last and the ones used
//! most come first to hand. In the desk's database, which is encrypted; the web view keeps nothing of it.

use crate::{api::ArticleUse, core::Desk, error::AppError};
use guichet_domain::ArticleId;
use guichet_store::StoreError;

/// Where the desk keeps it.
const SETTING: &str = "shell.article_uses";
/// Articles remembered.
const KEPT: usize = 200;

impl Desk {
    /// What was read and used, read last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn article_uses(&self) -> Result<Vec<ArticleUse>, AppError> {
        let kept = self.store.setting(SETTING).await?;
        // What does not read back is a convenience lost, not an error.
        Ok(kept
            .and_then(|kept| serde_json::from_str(&kept).ok())
            .unwrap_or_default())
    }

    /// An article was opened, or (`used`) went into an answer or onto a ticket.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn note_article(&self, id: ArticleId, title: &str, used: bool) -> Result<Vec<ArticleUse>, AppError> {
        let mut all = self.article_uses().await?;
        let before = all.iter().position(|one| one.id == id).map(|place| all.remove(place));
        let now = ArticleUse {
            id,
            title: title.chars().take(500).collect(),
            uses: before.map_or(0, |one| one.uses).saturating_add(u32::from(used)),
            read_at: self.now(),
        };
        all.insert(0, now);
        all.truncate(KEPT);
        let kept = serde_json::to_string(&all).map_err(StoreError::from)?;
        self.store.set_setting(SETTING, &kept).await?;
        Ok(all)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::core::test_desk::desk;
    use guichet_domain::ArticleId;

    #[tokio::test]
    async fn what_was_read_last_comes_first_and_uses_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, _) = desk(folder.path()).await;
        for (id, title, used) in [
            (1, "Un", false),
            (2, "Deux", true),
            (3, "Trois", true),
            (3, "Trois", true),
        ] {
            desk.note_article(ArticleId(id), title, used).await.unwrap();
        }
        desk.note_article(ArticleId(1), "Un, revu", false).await.unwrap();
        let all = desk.article_uses().await.unwrap();
        let told: Vec<(&str, u32)> = all.iter().map(|one| (one.title.as_str(), one.uses)).collect();
        assert_eq!(told, [("Un, revu", 0), ("Trois", 2), ("Deux", 1)]);
        for id in 10..400 {
            desk.note_article(ArticleId(id), "x", false).await.unwrap();
        }
        assert_eq!(desk.article_uses().await.unwrap().len(), 200);
    }
}
