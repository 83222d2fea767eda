//! How equipment is reached from afar: what inventory agents told GLPI of programs of remote control, and of networks.
//!
//! Source: GLPI's schema (`glpi_items_remotemanagements`: itemtype, items_id, remoteid, type, is_deleted) and the documentation of its
//! API (`with_networkports`, whose skeleton the recordings have: `v1-10.0/260`). That addresses lie in `NetworkName.IPAddress[].name` of
//! each port is the documentation's example; no server with ports was recorded.

use crate::{backend::GlpiBackend, client::Failure};
use guichet_backend::BackendError;
use guichet_domain::asset::{AssetKey, AssetReach, RemoteId};
use serde_json::Value;
use std::{collections::BTreeSet, net::IpAddr};

/// Identities and addresses of one piece of equipment, at most.
const MOST: usize = 20;
/// Characters of an identity.
const LONGEST: usize = 64;
/// How deep ports are looked into.
const DEEPEST: usize = 8;

impl GlpiBackend {
    pub(crate) async fn fetch_reach(&self, asset: &AssetKey) -> Result<AssetReach, BackendError> {
        let generation = self.facts().await?.generation;
        // A type's name is part of a path: only those that are mirrored are asked for.
        let kinds = self.asset_kinds().await?;
        if !kinds.iter().any(|(kind, _)| *kind == asset.kind) {
            return Ok(AssetReach::default());
        }
        let ports = [("with_networkports", "true".to_owned())];
        let (row, _) = self
            .client
            .item_with(&asset.kind, asset.id, &ports)
            .await
            .map_err(BackendError::from)?;
        let mut addresses = BTreeSet::new();
        addresses_in(row.0.get("_networkports").unwrap_or(&Value::Null), 0, &mut addresses);
        let path = format!("{}/{}/Item_RemoteManagement", asset.kind, asset.id);
        let rows = match self.client.list(&path, &[], ("id", "ASC"), 0, MOST as u64).await {
            Ok(listing) => listing.rows,
            // A server without the table, or an account that may not read it, tells nothing.
            Err(Failure::Refused(_)) => Vec::new(),
            Err(other) => return Err(other.into()),
        };
        let remote_ids = rows
            .iter()
            .filter(|row| row.int("is_deleted") != Some(1))
            .filter_map(|row| {
                let said = |field: &str| row.filled(field).map(|text| generation.decode(text).trim().to_owned());
                let (tool, id) = (said("type")?.to_lowercase(), said("remoteid")?);
                (id.chars().count() <= LONGEST && tool.chars().count() <= LONGEST).then_some(RemoteId { tool, id })
            })
            .take(MOST)
            .collect();
        Ok(AssetReach {
            remote_ids,
            addresses: addresses
                .into_iter()
                .take(MOST)
                .map(|address| address.to_string())
                .collect(),
        })
    }
}

/// Addresses that lead to a machine on a network, wherever they lie in the ports.
fn addresses_in(value: &Value, depth: usize, found: &mut BTreeSet<IpAddr>) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    match value {
        Value::Array(all) => all.iter().for_each(|one| addresses_in(one, depth + 1, found)),
        Value::Object(object) => {
            for (key, value) in object {
                if key == "IPAddress" {
                    let named = value.as_array().into_iter().flatten();
                    let names = named.filter_map(|address| address.get("name")?.as_str()?.trim().parse().ok());
                    found.extend(names.filter(leads_somewhere));
                } else {
                    addresses_in(value, depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

/// Not the machine itself, nobody, everybody, or the cable it hangs on.
fn leads_somewhere(address: &IpAddr) -> bool {
    let local = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(value: &Value) -> Vec<String> {
        let mut found = BTreeSet::new();
        addresses_in(value, 0, &mut found);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_are_found_in_every_kind_of_port_and_those_that_lead_nowhere_are_not() {
        let port = |names: &[&str]| {
            let addresses: Vec<Value> = names.iter().map(|name| json!({ "id": 1, "name": name })).collect();
            json!({ "id": 3, "name": "eth0", "NetworkName": { "id": 5, "name": "pc-1", "IPAddress": addresses } })
        };
        let ports = json!({
            "NetworkPortEthernet": [port(&["10.1.2.3", "127.0.0.1", "169.254.3.4", "0.0.0.0"])],
            "NetworkPortWifi": [port(&["fd00::7", "fe80::1", "no address", "10.1.2.3"])],
            "NetworkPortLocal": [],
        });
        assert_eq!(found(&ports), ["10.1.2.3", "fd00::7"]);
        assert!(found(&json!({ "error": 401, "message": "no" })).is_empty());
        assert!(found(&Value::Null).is_empty());
    }

    #[test]
    fn no_depth_and_no_number_of_addresses_is_too_much() {
        let mut deep = json!({ "IPAddress": [{ "name": "10.0.0.1" }] });
        // As deep as the parser goes.
        for _ in 0..120 {
            deep = Value::Array(vec![deep]);
        }
        assert!(found(&deep).is_empty());
        let many: Vec<Value> = (0..1000)
            .map(|n| json!({ "IPAddress": [{ "name": format!("10.0.{}.{}", n / 250, n % 250 + 1) }] }))
            .collect();
        assert!(found(&json!(many)).len() <= MOST);
    }
}
