//! The software bill of materials in CycloneDX 1.5: what is shipped (crates linked into the program, packages bundled into the page, the
//! C libraries that crates bring along), and, marked as excluded, what it was built with. Development tools are not in it.
//!
//! Made of `cargo metadata`, the two lock files and the list of packages that the page's build writes down. It has neither a date nor a
//! serial number: the same sources give the same bill.
#![allow(clippy::print_stderr, reason = "a command-line tool talks on the terminal")]

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use clap::Parser;
use cyclonedx_bom::{
    models::{
        component::{Classification, Scope},
        dependency::{Dependencies, Dependency},
        hash::{Hash, HashAlgorithm, HashValue, Hashes},
        license::{LicenseChoice, Licenses},
        metadata::Metadata as BomMetadata,
    },
    prelude::*,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What the product is built for.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"];
const PRODUCT: &str = "guichet";
/// Crates that compile a C library into the program, and where its version stands: after the `+` of their own, or in a header.
const C_LIBRARIES: [(&str, &str); 2] = [("openssl-src", "OpenSSL"), ("libsqlite3-sys", "SQLCipher")];

/// Writes the bill of materials.
#[derive(Parser)]
#[command(name = "guichet-sbom")]
struct Arguments {
    /// The checkout.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The file to write.
    #[arg(long)]
    to: PathBuf,
}

/// Why there is no bill.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}")]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("the page was not built: {0} is missing. Run npm run build in ui/ first")]
    PageNotBuilt(PathBuf),
    #[error(transparent)]
    Metadata(#[from] cargo_metadata::Error),
    #[error(transparent)]
    Lock(#[from] cargo_lock::Error),
    #[error("{0} is in no lock file")]
    Unlocked(String),
    #[error("{name} {version} names no licence")]
    NoLicence { name: String, version: String },
    #[error("{name}: {what}")]
    Form { name: String, what: String },
    #[error("the bill does not hold to its own form: {0}")]
    Invalid(String),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match write(&arguments) {
        Ok((shipped, built_with)) => {
            println!(
                "{}: {shipped} components shipped, {built_with} it was built with",
                arguments.to.display()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("guichet-sbom: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(arguments: &Arguments) -> Result<(usize, usize), Error> {
    let bom = bill(&arguments.root)?;
    let json = rendered(&bom)?;
    fs::write(&arguments.to, json).map_err(|source| Error::File {
        path: arguments.to.clone(),
        source,
    })?;
    let components = bom.components.as_ref().map_or(&[][..], |components| &components.0);
    let shipped = components
        .iter()
        .filter(|component| component.scope == Some(Scope::Required))
        .count();
    Ok((shipped, components.len() - shipped))
}

fn rendered(bom: &Bom) -> Result<Vec<u8>, Error> {
    let checked = bom.validate_version(SpecVersion::V1_5);
    if !checked.passed() {
        return Err(Error::Invalid(format!("{checked:?}")));
    }
    let mut json = Vec::new();
    bom.clone()
        .output_as_json_v1_5(&mut json)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    Ok(json)
}

/// The bill of a checkout.
fn bill(root: &Path) -> Result<Bom, Error> {
    let mut parts = Parts::default();
    let lock = cargo_lock::Lockfile::load(root.join("Cargo.lock"))?;
    for target in TARGETS {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .features(CargoOpt::SomeFeatures(Vec::new()))
            .other_options(["--locked".to_owned(), "--filter-platform".to_owned(), target.to_owned()])
            .exec()?;
        parts.take_crates(&metadata, &lock)?;
    }
    parts.take_page(root)?;
    parts.into_bom()
}

/// What is found, by reference.
#[derive(Default)]
struct Parts {
    product: Option<Component>,
    components: BTreeMap<String, Component>,
    needs: BTreeMap<String, BTreeSet<String>>,
}

fn licences(expression: &str) -> Result<Licenses, Error> {
    let expression = SpdxExpression::parse_lax(expression.to_owned()).map_err(|error| Error::Form {
        name: expression.to_owned(),
        what: error.to_string(),
    })?;
    Ok(Licenses(vec![LicenseChoice::Expression(expression)]))
}

fn component(
    kind: &str,
    name: &str,
    version: &str,
    licence: Option<&str>,
    hash: Option<(HashAlgorithm, String)>,
) -> Result<Component, Error> {
    let purl = Purl::new(kind, name, version).map_err(|error| Error::Form {
        name: name.to_owned(),
        what: error.to_string(),
    })?;
    let licence = licence.ok_or_else(|| Error::NoLicence {
        name: name.to_owned(),
        version: version.to_owned(),
    })?;
    let mut component = Component::new(Classification::Library, name, version, Some(purl.to_string()));
    component.purl = Some(purl);
    component.licenses = Some(licences(licence)?);
    component.hashes = hash.map(|(alg, content)| {
        Hashes(vec![Hash {
            alg,
            content: HashValue(content),
        }])
    });
    Ok(component)
}

fn is_macro(package: &Package) -> bool {
    package
        .targets
        .iter()
        .any(|target| target.kind.contains(&TargetKind::ProcMacro))
}

impl Parts {
    /// A component; what is shipped for one target is shipped.
    fn put(&mut self, mut component: Component, shipped: bool) -> String {
        let reference = component.bom_ref.clone().unwrap_or_default();
        let known = self.components.get(&reference).and_then(|known| known.scope.clone());
        component.scope = Some(if shipped || known == Some(Scope::Required) {
            Scope::Required
        } else {
            Scope::Excluded
        });
        self.components.insert(reference.clone(), component);
        reference
    }

    fn take_crates(&mut self, metadata: &Metadata, lock: &cargo_lock::Lockfile) -> Result<(), Error> {
        let packages: BTreeMap<&PackageId, &Package> =
            metadata.packages.iter().map(|package| (&package.id, package)).collect();
        let nodes: BTreeMap<&PackageId, _> = metadata
            .resolve
            .iter()
            .flat_map(|resolve| &resolve.nodes)
            .map(|node| (&node.id, node))
            .collect();
        let product = metadata
            .packages
            .iter()
            .find(|package| package.name.as_str() == PRODUCT && package.source.is_none())
            .ok_or_else(|| Error::Unlocked(PRODUCT.to_owned()))?;
        // Each with whether it is shipped: what a macro or a build script needs is not.
        let mut open = vec![(&product.id, true)];
        let mut seen: BTreeMap<&PackageId, bool> = BTreeMap::new();
        while let Some((id, shipped)) = open.pop() {
            if seen.get(id).is_some_and(|before| *before || !shipped) {
                continue;
            }
            seen.insert(id, shipped);
            for dependency in nodes.get(id).iter().flat_map(|node| &node.deps) {
                let Some(package) = packages.get(&dependency.pkg) else {
                    continue;
                };
                for kind in &dependency.dep_kinds {
                    match kind.kind {
                        DependencyKind::Normal => open.push((&dependency.pkg, shipped && !is_macro(package))),
                        DependencyKind::Build => open.push((&dependency.pkg, false)),
                        _ => {}
                    }
                }
            }
        }
        for (id, shipped) in &seen {
            let Some(package) = packages.get(id) else { continue };
            let reference = self.take_crate(package, *shipped, lock)?;
            for dependency in nodes.get(id).iter().flat_map(|node| &node.deps) {
                if seen.contains_key(&dependency.pkg)
                    && dependency
                        .dep_kinds
                        .iter()
                        .any(|kind| kind.kind != DependencyKind::Development)
                    && let Some(needed) = packages.get(&dependency.pkg)
                {
                    let needed = reference_of(needed)?;
                    self.needs.entry(reference.clone()).or_default().insert(needed);
                }
            }
        }
        Ok(())
    }

    fn take_crate(&mut self, package: &Package, shipped: bool, lock: &cargo_lock::Lockfile) -> Result<String, Error> {
        let (name, version) = (package.name.as_str(), package.version.to_string());
        let hash = if package.source.is_some() {
            let locked = lock
                .packages
                .iter()
                .find(|locked| locked.name.as_str() == name && locked.version.to_string() == version);
            let locked = locked.ok_or_else(|| Error::Unlocked(format!("{name} {version}")))?;
            locked
                .checksum
                .as_ref()
                .map(|checksum| (HashAlgorithm::SHA_256, checksum.to_string()))
        } else {
            None
        };
        let mut made = component("cargo", name, &version, package.license.as_deref(), hash)?;
        if name == PRODUCT {
            made.component_type = Classification::Application;
            let reference = made.bom_ref.clone().unwrap_or_default();
            self.product = Some(made);
            return Ok(reference);
        }
        let reference = self.put(made, shipped);
        if let Some((_, library)) = C_LIBRARIES.iter().find(|(from, _)| *from == name) {
            let library = c_library(library, package)?;
            let of_library = self.put(library, true);
            self.needs.entry(reference.clone()).or_default().insert(of_library);
        }
        Ok(reference)
    }

    /// The packages that the page is made of.
    fn take_page(&mut self, root: &Path) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Lock {
            packages: BTreeMap<String, Locked>,
        }
        #[derive(Deserialize)]
        struct Locked {
            version: Option<String>,
            license: Option<String>,
            integrity: Option<String>,
        }
        let ui = root.join("ui");
        let list = ui.join("node_modules").join(".bundled-packages.json");
        if !list.exists() {
            return Err(Error::PageNotBuilt(list));
        }
        let bundled: Vec<String> = json(&list)?;
        let lock: Lock = json(&ui.join("package-lock.json"))?;
        let product = self.product.as_ref().and_then(|product| product.bom_ref.clone());
        for name in bundled {
            let locked = lock
                .packages
                .get(&format!("node_modules/{name}"))
                .ok_or_else(|| Error::Unlocked(name.clone()))?;
            let version = locked.version.as_deref().ok_or_else(|| Error::Unlocked(name.clone()))?;
            let hash = locked.integrity.as_deref().and_then(sha512);
            let made = component("npm", &name, version, locked.license.as_deref(), hash)?;
            let reference = self.put(made, true);
            if let Some(product) = &product {
                self.needs.entry(product.clone()).or_default().insert(reference);
            }
        }
        Ok(())
    }

    fn into_bom(self) -> Result<Bom, Error> {
        let product = self.product.ok_or_else(|| Error::Unlocked(PRODUCT.to_owned()))?;
        let dependencies = self
            .needs
            .into_iter()
            .map(|(dependency_ref, needs)| Dependency {
                dependency_ref,
                dependencies: needs.into_iter().collect(),
            })
            .collect();
        Ok(Bom {
            version: 1,
            serial_number: None,
            metadata: Some(BomMetadata {
                component: Some(product),
                ..BomMetadata::default()
            }),
            components: Some(Components(self.components.into_values().collect())),
            dependencies: Some(Dependencies(dependencies)),
            ..Bom::default()
        })
    }
}

fn reference_of(package: &Package) -> Result<String, Error> {
    Purl::new("cargo", package.name.as_str(), &package.version.to_string())
        .map(|purl| purl.to_string())
        .map_err(|error| Error::Form {
            name: package.name.to_string(),
            what: error.to_string(),
        })
}

/// The C library that a crate compiles into the program.
fn c_library(library: &str, package: &Package) -> Result<Component, Error> {
    let unknown = || Error::Form {
        name: package.name.to_string(),
        what: format!("the version of {library} is nowhere to be found"),
    };
    let version = package.version.to_string();
    let (version, licence) = if library == "OpenSSL" {
        let version = version.split_once('+').map(|(_, after)| after.to_owned());
        (version.ok_or_else(unknown)?, "Apache-2.0")
    } else {
        let folder = package.manifest_path.parent().ok_or_else(unknown)?;
        let source = folder.join("sqlcipher").join("sqlite3.c");
        let text = fs::read(&source).map_err(|source_error| Error::File {
            path: source.into_std_path_buf(),
            source: source_error,
        })?;
        let text = String::from_utf8_lossy(&text);
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("#define CIPHER_VERSION_NUMBER "));
        (line.ok_or_else(unknown)?.trim().to_owned(), "BSD-3-Clause")
    };
    component("generic", &library.to_lowercase(), &version, Some(licence), None)
}

fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, Error> {
    let content = fs::read(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&content).map_err(|source| Error::Json {
        path: path.to_owned(),
        source,
    })
}

/// npm's integrity (`sha512-` and base 64) as the bill has it: hexadecimal.
fn sha512(integrity: &str) -> Option<(HashAlgorithm, String)> {
    use base64::Engine as _;
    let encoded = integrity
        .split_whitespace()
        .find_map(|one| one.strip_prefix("sha512-"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some((HashAlgorithm::SHA_512, hex))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
