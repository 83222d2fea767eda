//! Query parameters as PHP reads them: `criteria[0][field]=1` becomes a tree, `sort[]=2` a list.

use serde_json::{Map, Value};

/// The parameters of one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Map<String, Value>);

impl Params {
    /// Reads decoded pairs, in order.
    pub(crate) fn of(query: &[(String, String)]) -> Self {
        let mut root = Map::new();
        for (key, value) in query {
            let (head, rest) = match key.find('[') {
                Some(at) => key.split_at(at),
                None => (key.as_str(), ""),
            };
            let keys: Vec<&str> = rest
                .split(['[', ']'])
                .enumerate()
                .filter(|(n, _)| n % 2 == 1)
                .map(|(_, k)| k)
                .collect();
            put(&mut root, head, &keys, value);
        }
        Self(root)
    }

    /// A plain value.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    /// A switch; GLPI takes any text but the false ones for true.
    pub(crate) fn switch(&self, key: &str, default: bool) -> bool {
        self.text(key).map_or(default, truthy)
    }

    /// A tree.
    pub(crate) fn tree(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A list of texts: `key[]=a&key[]=b`, or one plain value.
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Object(map)) => in_order(map)
                .into_iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The values of a PHP array, in the order of its numbers.
pub(crate) fn in_order(map: &Map<String, Value>) -> Vec<&Value> {
    let mut entries: Vec<(i64, &Value)> = map
        .iter()
        .map(|(key, value)| (key.parse().unwrap_or(i64::MAX), value))
        .collect();
    entries.sort_by_key(|(number, _)| *number);
    entries.into_iter().map(|(_, value)| value).collect()
}

/// What GLPI's API takes for yes.
pub(crate) fn truthy(text: &str) -> bool {
    !matches!(
        text.trim().to_ascii_lowercase().as_str(),
        "" | "0" | "false" | "no" | "off"
    )
}

fn put(map: &mut Map<String, Value>, key: &str, rest: &[&str], value: &str) {
    let key = if key.is_empty() {
        map.len().to_string()
    } else {
        key.to_owned()
    };
    match rest.split_first() {
        None => {
            map.insert(key, Value::String(value.to_owned()));
        }
        Some((next, rest)) => {
            let slot = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
            if !slot.is_object() {
                *slot = Value::Object(Map::new());
            }
            if let Value::Object(inner) = slot {
                put(inner, next, rest, value);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn brackets_make_trees_and_lists() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let params = Params::of(&[
            pair("criteria[1][criteria][0][value]", "VPN"),
            pair("criteria[0][field]", "12"),
            pair("add_keys_names[]", "id"),
            pair("add_keys_names[]", "users_id"),
            pair("sort", "19"),
            pair("get_hateoas", "false"),
        ]);
        assert_eq!(params.list("add_keys_names"), ["id", "users_id"]);
        assert_eq!(params.list("sort"), ["19"]);
        assert!(!params.switch("get_hateoas", true));
        let tree = params.tree("criteria").expect("criteria");
        assert_eq!(tree["1"]["criteria"]["0"]["value"], "VPN");
        assert_eq!(tree["0"]["field"], "12");
    }
}
