//! Tests of the leader of a local cluster and its file.

use livecluster_mrtmp::route::State;
use livecluster_operator::routing::Part;

use super::*;
use crate::local::directory::Directory;

fn routes(directory: &Directory) -> Routes {
    let mut routes = Routes::new(directory.routes(), "uid").expect("no file");
    routes.want("origin-0".into(), "127.0.0.1:4000".to_owned());
    routes.want("origin-1".into(), "127.0.0.1:4001".to_owned());
    routes
}

fn written(directory: &Directory) -> File {
    read(&directory.routes()).expect("readable").expect("a file")
}

#[test]
fn first_document_has_all_origins_active() {
    let directory = Directory::open(None).expect("a directory");

    routes(&directory).write_first().expect("written");

    let origins = written(&directory).document.origins;
    assert_eq!(origins.len(), 2);
    assert!(origins.iter().all(|origin| origin.state == State::Active));
}

#[test]
fn dead_origin_is_taken_out_at_once() {
    let directory = Directory::open(None).expect("a directory");
    let mut routes = routes(&directory);
    routes.write_first().expect("written");

    routes.observe(Observation { part: Part::Origin("origin-0".into()), event: Event::Gone });
    routes.update();

    assert_eq!(written(&directory).document.origins.len(), 1);
    assert_eq!(routes.generation().load(Ordering::Relaxed), written(&directory).document.generation);
}

#[test]
fn nothing_is_written_while_nobody_decides() {
    let directory = Directory::open(None).expect("a directory");
    let mut routes = routes(&directory);
    routes.write_first().expect("written");

    routes.stop_deciding();
    routes.observe(Observation { part: Part::Origin("origin-0".into()), event: Event::Gone });
    assert_eq!(routes.update(), None);

    assert_eq!(written(&directory).document.origins.len(), 2);
}

#[test]
fn whoever_decides_again_goes_on_from_the_file_and_only_removes_before_all_have_told_their_streams() {
    let directory = Directory::open(None).expect("a directory");
    let mut routes = routes(&directory);
    routes.write_first().expect("written");
    routes.stop_deciding();
    let mut file = written(&directory);
    file.document.generation += 1_000_000;
    fs::write(directory.routes(), file.to_json()).expect("written");

    routes.start_deciding().expect("a document");
    routes.wish(&"origin-0".into(), Wish::Draining);
    routes.update();
    assert_eq!(written(&directory), file);
    routes.observe(Observation { part: Part::Origin("origin-0".into()), event: Event::Gone });
    routes.update();

    let document = written(&directory).document;
    assert!(document.origin("origin-0").is_none());
    assert!(document.generation > file.document.generation);
}

#[test]
fn what_is_wanted_of_an_origin_outlasts_its_process() {
    let directory = Directory::open(None).expect("a directory");
    let mut routes = routes(&directory);

    routes.wish(&"origin-0".into(), Wish::Draining);
    routes.want("origin-0".into(), "127.0.0.1:5000".to_owned());

    let origin = &routes.desired.origins[&Name::from("origin-0")];
    assert_eq!((origin.wish, &*origin.address), (Wish::Draining, "127.0.0.1:5000"));
}

#[test]
fn applications_that_people_wrote_stay() {
    let directory = Directory::open(None).expect("a directory");
    let applications = Applications::Listed { names: ["live".to_owned()].into() };
    let file = File { applications: applications.clone(), ..File::default() };
    fs::write(directory.routes(), file.to_json()).expect("written");

    routes(&directory).write_first().expect("written");

    assert_eq!(written(&directory).applications, applications);
}
