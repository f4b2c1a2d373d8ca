use std::path::Path;

use toml_edit::{DocumentMut, Item};

use super::NewError;
use super::draft::Draft;
use super::events_crate::read;
use super::manifest::relative;
use super::rust_source::formatted;
use super::site::Site;

/// Names a type in the gate's build script. Returns what has to be done by hand, if that can't be done here.
pub(super) fn add_to_gate(
    site: &Site,
    draft: &mut Draft,
    package: &str,
    type_name: &str,
) -> Result<Option<String>, NewError> {
    let krate = package.replace('-', "_");
    let call = format!(".events::<{krate}::{type_name}>()");
    let Some(folder) = site.folder(&site.gate).map(Path::to_owned) else {
        return Ok(by_hand(&site.gate, &call));
    };
    let path = folder.join("build.rs");
    let Ok(before) = read(&site.root, &path) else { return Ok(by_hand(&site.gate, &call)) };
    let mut ends = before.match_indices(".run()");
    let (Some((end, _)), None) = (ends.next(), ends.next()) else { return Ok(by_hand(&site.gate, &call)) };
    let mut code = before.clone();
    code.insert_str(end, &call);
    draft.change(path, before, formatted(code, &site.root));
    add_dependency(site, draft, &folder, package)?;
    Ok(None)
}

fn by_hand(gate: &str, call: &str) -> Option<String> {
    Some(format!("add {call} to the build script of {gate}, and the crate to its [build-dependencies]"))
}

fn add_dependency(site: &Site, draft: &mut Draft, folder: &Path, package: &str) -> Result<(), NewError> {
    let path = folder.join("Cargo.toml");
    let before = read(&site.root, &path)?;
    let mut document: DocumentMut = before
        .parse()
        .map_err(|source| NewError::Manifest { path: path.clone(), source: Box::new(source) })?;
    let dependencies = document.entry("build-dependencies").or_insert_with(toml_edit::table);
    let Some(dependencies) = dependencies.as_table_mut().filter(|table| !table.contains_key(package)) else {
        return Ok(());
    };
    // The root's manifest may be about to name it.
    let in_workspace = site.manifest.has_dependencies();
    let source: &str = if in_workspace { "workspace" } else { "path" };
    let value = match in_workspace {
        true => toml_edit::value(true),
        false => {
            let events =
                site.folder(package).map_or_else(|| Path::new("events").join(package), Path::to_owned);
            toml_edit::value(relative(folder, &events).to_string_lossy().replace('\\', "/"))
        }
    };
    let mut table = toml_edit::Table::new();
    table.set_dotted(true);
    table.insert(source, value);
    dependencies.insert(package, Item::Table(table));
    dependencies.sort_values();
    draft.change(path, before, document.to_string());
    Ok(())
}
