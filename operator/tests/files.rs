//! Files of the project that are made from the types.

mod golden;

use std::path::Path;

use livecluster_operator::resource;

#[test]
fn definition_is_the_one_of_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/livecluster.yaml");

    golden::check(&file, &resource::yaml(), "cargo run -- crd > crds/livecluster.yaml");
}

#[test]
fn definition_in_the_chart_is_the_same() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/livecluster/files/livecluster.yaml");

    golden::check(&file, &resource::yaml(), "cp crds/livecluster.yaml charts/livecluster/files/");
}

#[test]
fn reference_is_the_one_of_the_types() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/resource.md");

    golden::check(&file, &resource::reference(), "cargo run -- crd --reference > docs/resource.md");
}
