//! The bill of this very checkout.

use super::*;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_bill_holds_to_its_form_and_has_what_is_shipped_and_nothing_of_the_workbench() {
    let page = root().join("ui/node_modules/.bundled-packages.json");
    assert!(page.exists(), "build the page first: npm run build in ui/");
    let bom = bill(&root()).unwrap();
    let json = rendered(&bom).unwrap();
    let read = Bom::parse_from_json_v1_5(&json[..]).unwrap();
    assert!(read.validate_version(SpecVersion::V1_5).passed());
    assert_eq!(
        rendered(&bill(&root()).unwrap()).unwrap(),
        json,
        "the same sources give the same bill"
    );

    let components = &bom.components.as_ref().unwrap().0;
    let scope = |name: &str| {
        components
            .iter()
            .find(|component| component.name.to_string() == name)
            .and_then(|component| component.scope.clone())
    };
    for shipped in [
        "tauri",
        "sqlx",
        "reqwest",
        "guichet-store",
        "svelte",
        "openssl",
        "sqlcipher",
    ] {
        assert_eq!(scope(shipped), Some(Scope::Required), "{shipped}");
    }
    for built_with in ["serde_derive", "tauri-build", "cc"] {
        assert_eq!(scope(built_with), Some(Scope::Excluded), "{built_with}");
    }
    for tool in [
        "calamine",
        "cyclonedx-bom",
        "vitest",
        "eslint",
        "guichet-testkit",
        "thirtyfour",
    ] {
        assert_eq!(scope(tool), None, "{tool}");
    }
    // For Windows alone, and still there.
    assert_eq!(scope("windows-native-keyring-store"), Some(Scope::Required));

    // Whoever comes from outside has a digest, and every need is a component.
    let known: BTreeSet<&str> = components
        .iter()
        .chain(bom.metadata.as_ref().and_then(|metadata| metadata.component.as_ref()))
        .filter_map(|component| component.bom_ref.as_deref())
        .collect();
    for component in components {
        let purl = component.purl.as_ref().unwrap().to_string();
        let ours = component.name.to_string().starts_with("guichet") || purl.starts_with("pkg:generic/");
        assert_eq!(component.hashes.is_none(), ours, "{purl}");
    }
    for dependency in &bom.dependencies.as_ref().unwrap().0 {
        for need in &dependency.dependencies {
            assert!(known.contains(need.as_str()), "{need}");
        }
    }
}

#[test]
fn a_digest_of_npm_is_written_in_hexadecimal() {
    let (_, hex) = sha512("sha512-AAEC/w==").unwrap();
    assert_eq!(hex, "000102ff");
    assert!(sha512("sha1-AAEC").is_none());
}
