//! Changes of code, where it stands: what is there keeps its text.

use syn::spanned::Spanned as _;
use syn::{Attribute, File, Item, ItemEnum, ItemUse, UseTree, Visibility};

/// An edit of a file: text, and the byte at which it is put in.
type Insertion = (usize, String);

/// Declares a module and re-exports its type.
pub(super) fn with_module(code: &str, module: &str, type_name: &str) -> syn::Result<String> {
    let file = syn::parse_file(code)?;
    let is_declared = |item: &&Item| matches!(item, Item::Mod(module) if module.content.is_none());
    let mods_end = file.items.iter().rev().find(is_declared).map(end);
    let uses_end = file.items.iter().rev().find(|item| is_re_export(item)).map(end);
    let begin = file.items.first().map_or(code.len(), start);
    let declaration = format!("mod {module};\n");
    let re_export = format!("pub use {module}::{type_name};\n");
    let insertions = match (mods_end, uses_end) {
        (Some(mods), Some(uses)) => {
            vec![(mods, format!("\n{declaration}")), (uses, format!("\n{re_export}"))]
        }
        (Some(mods), None) => vec![(mods, format!("\n{declaration}\n{re_export}"))],
        (None, _) => vec![(begin, format!("{declaration}\n{re_export}\n"))],
    };
    Ok(inserted(code, insertions))
}

/// Re-exports another type of a module.
pub(super) fn with_re_export(code: &str, module: &str, type_name: &str) -> syn::Result<String> {
    let file = syn::parse_file(code)?;
    let mut last = None;
    for item in file.items.iter().filter(|item| is_re_export(item)) {
        last = Some(end(item));
        let Item::Use(ItemUse { tree: UseTree::Path(path), .. }) = item else { continue };
        if path.ident != module {
            continue;
        }
        match &*path.tree {
            UseTree::Glob(_) => return Ok(code.to_owned()),
            UseTree::Group(group) => return Ok(inserted(code, vec![into_group(group, type_name)])),
            _ => {}
        }
    }
    let position = last.unwrap_or(code.len());
    Ok(inserted(code, vec![(position, format!("\npub use {module}::{type_name};\n"))]))
}

/// Adds a variant to the `EventSet` of the file that holds one of these types, if there is one.
pub(super) fn with_variant(
    code: &str,
    siblings: &[String],
    variant: &str,
    type_name: &str,
) -> syn::Result<Option<(String, String)>> {
    let file = syn::parse_file(code)?;
    let mut enums =
        file.items.iter().filter_map(|item| if let Item::Enum(item) = item { Some(item) } else { None });
    let Some(set) = enums.find(|item| is_set(item) && holds_one_of(item, siblings)) else { return Ok(None) };
    let close = set.brace_token.span.close().byte_range().start;
    let comma = if set.variants.empty_or_trailing() { "" } else { "," };
    let insertions = vec![
        import(&file, siblings, type_name),
        (close, format!("{comma}    /// `{type_name}`\n    {variant}({type_name}),\n")),
    ];
    Ok(Some((set.ident.to_string(), inserted(code, insertions))))
}

/// The field by which an event's type names its aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) field: String,
    pub(super) type_name: String,
    /// What has to be imported for it.
    pub(super) import: Option<String>,
}

/// The key of the type in this file.
pub(super) fn key_of(code: &str, type_name: &str) -> syn::Result<Option<Key>> {
    let file = syn::parse_file(code)?;
    let mut structs =
        file.items.iter().filter_map(|item| if let Item::Struct(item) = item { Some(item) } else { None });
    let Some(event) = structs.find(|item| item.ident == type_name) else { return Ok(None) };
    let is_key = |attribute: &Attribute| {
        attribute.path().is_ident("event")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "key")
    };
    let Some(field) = event.fields.iter().find(|field| field.attrs.iter().any(is_key)) else {
        return Ok(None);
    };
    let type_name = code.get(field.ty.span().byte_range()).unwrap_or_default().to_owned();
    let is_declared = |item: &Item| match item {
        Item::Struct(item) => item.ident == type_name,
        Item::Enum(item) => item.ident == type_name,
        Item::Type(item) => item.ident == type_name,
        _ => false,
    };
    let mut uses =
        file.items.iter().filter_map(|item| if let Item::Use(item) = item { Some(item) } else { None });
    let import = uses.find_map(|item| path_to(&item.tree, &type_name));
    let import = import.or_else(|| file.items.iter().any(is_declared).then(|| format!("crate::{type_name}")));
    let field = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(Some(Key { field, type_name, import }))
}

/// The whole path of what a `use` calls by this name.
fn path_to(tree: &UseTree, name: &str) -> Option<String> {
    match tree {
        UseTree::Name(one) => (one.ident == name).then(|| name.to_owned()),
        UseTree::Path(path) => path_to(&path.tree, name).map(|rest| format!("{}::{rest}", path.ident)),
        UseTree::Group(group) => group.items.iter().find_map(|tree| path_to(tree, name)),
        UseTree::Rename(_) | UseTree::Glob(_) => None,
    }
}

fn is_re_export(item: &Item) -> bool {
    matches!(item, Item::Use(ItemUse { vis: Visibility::Public(_), .. }))
}

fn is_set(item: &ItemEnum) -> bool {
    let derives = item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let mut found = false;
    for derive in derives {
        // A derive that can't be read is the compiler's to complain about.
        let _ = derive.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == "EventSet");
            Ok(())
        });
    }
    found
}

fn holds_one_of(item: &ItemEnum, types: &[String]) -> bool {
    item.variants.iter().flat_map(|variant| &variant.fields).any(|field| match &field.ty {
        syn::Type::Path(path) => {
            path.path.segments.last().is_some_and(|segment| types.iter().any(|name| segment.ident == name))
        }
        _ => false,
    })
}

/// Imports a type where its siblings are imported, or else from the crate's root.
fn import(file: &File, siblings: &[String], type_name: &str) -> Insertion {
    let uses =
        file.items.iter().filter_map(|item| if let Item::Use(item) = item { Some(item) } else { None });
    let mut last = None;
    for item in uses {
        if let UseTree::Path(path) = &item.tree
            && let UseTree::Group(group) = &*path.tree
        {
            let is_sibling = |tree: &UseTree| matches!(tree, UseTree::Name(name) if siblings.iter().any(|sibling| name.ident == sibling));
            if group.items.iter().any(is_sibling) {
                return into_group(group, type_name);
            }
        }
        last = Some(item.span().byte_range().end);
    }
    let line = format!("\nuse crate::{type_name};\n");
    last.map_or_else(
        || (file.items.first().map_or(0, start), line.trim_start().to_owned()),
        |end| (end, line.clone()),
    )
}

fn into_group(group: &syn::UseGroup, name: &str) -> Insertion {
    let close = group.brace_token.span.close().byte_range().start;
    let comma = if group.items.empty_or_trailing() { "" } else { ", " };
    (close, format!("{comma}{name}"))
}

fn start(item: &Item) -> usize {
    item.span().byte_range().start
}

fn end(item: &Item) -> usize {
    item.span().byte_range().end
}

fn inserted(code: &str, mut insertions: Vec<Insertion>) -> String {
    insertions.sort_by_key(|(position, _)| *position);
    let mut text = code.to_owned();
    for (position, new) in insertions.into_iter().rev() {
        text.insert_str(position, &new);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "//! Flights.\n\nmod airport;\nmod flight;\n\npub use airport::Airport;\npub use flight::{FlightArrived, FlightDeparted};\n";

    #[test]
    fn a_module_is_declared_after_the_others() {
        let code = with_module(LIB, "zone", "Zone").unwrap();
        assert!(
            code.contains("mod flight;\nmod zone;\n")
                && code.contains("FlightDeparted};\npub use zone::Zone;\n"),
            "{code}"
        );
        assert_eq!(
            with_module("//! Empty.\n", "zone", "Zone").unwrap(),
            "//! Empty.\nmod zone;\n\npub use zone::Zone;\n\n"
        );
    }

    #[test]
    fn a_type_is_re_exported_beside_its_siblings() {
        let code = with_re_export(LIB, "flight", "FlightBoarded").unwrap();
        assert!(code.contains("pub use flight::{FlightArrived, FlightDeparted, FlightBoarded};"), "{code}");
        let code = with_re_export(LIB, "airport", "AirportClosed").unwrap();
        assert!(code.contains("pub use airport::AirportClosed;"), "{code}");
    }

    #[test]
    fn a_set_of_the_siblings_gets_a_variant() {
        let code = "use headwater_event::EventSet;\n\nuse super::{FlightArrived, FlightDeparted};\n\n/// All.\n\
            #[derive(Debug, EventSet)]\npub enum FlightEvent {\n    /// Left.\n    Departed(FlightDeparted),\n}\n";
        let siblings = ["FlightDeparted".to_owned()];
        let (set, changed) = with_variant(code, &siblings, "Boarded", "FlightBoarded").unwrap().unwrap();
        assert_eq!(set, "FlightEvent");
        assert!(changed.contains("use super::{FlightArrived, FlightDeparted, FlightBoarded};"), "{changed}");
        assert!(
            changed.contains(
                "    Departed(FlightDeparted),\n    /// `FlightBoarded`\n    Boarded(FlightBoarded),\n}"
            ),
            "{changed}"
        );
        assert_eq!(with_variant(code, &["Other".to_owned()], "Boarded", "FlightBoarded").unwrap(), None);
    }

    #[test]
    fn the_key_is_found_with_its_import() {
        let code = "use crate::{Airport, FlightId};\n\n#[event(name = \"departed\")]\npub struct FlightDeparted {\n    \
            #[event(key)]\n    pub flight: FlightId,\n    pub to: Airport,\n}\n";
        let key = key_of(code, "FlightDeparted").unwrap().unwrap();
        let expected = Key {
            field: "flight".to_owned(),
            type_name: "FlightId".to_owned(),
            import: Some("crate::FlightId".to_owned()),
        };
        assert_eq!(key, expected);
        assert_eq!(key_of(code, "Other").unwrap(), None);
    }
}
