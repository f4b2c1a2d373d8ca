use headwater_schema::compat::{compare_files, Mode, Verdict};
use serde_json::Value;
use std::io::BufRead;
fn has_object(v:&Value)->bool{ match v {Value::Object(_)=>true, Value::Array(a)=>a.iter().any(has_object), _=>false} }
fn main(){
  let a:Vec<String>=std::env::args().collect();
  let inst:Vec<Value>=std::fs::read_to_string(&a[1]).unwrap().lines().map(|l|serde_json::from_str(l).unwrap()).collect();
  let mut n=[0;3]; let mut bad=0;
  for f in &a[2..] { for l in std::io::BufReader::new(std::fs::File::open(f).unwrap()).lines(){
    let Ok(p)=serde_json::from_str::<Value>(&l.unwrap()) else {continue};
    if p["formats"]=="checked" {continue}
    let r=compare_files(Mode::Backward,&p["narrow"],&p["wide"]);
    let (Ok(nv),Ok(wv))=(jsonschema::options().should_validate_formats(true).build(&p["narrow"]),jsonschema::options().should_validate_formats(true).build(&p["wide"])) else {continue};
    match r.verdict {
      Verdict::Compatible=>{ n[0]+=1;
        let text=p["narrow"].to_string();
        for i in &inst { if nv.is_valid(i)&&!wv.is_valid(i) {
          let plain = !has_object(i);
          let empty = has_object(i) && !i.to_string().contains("\":");
          if plain || empty { bad+=1; println!("BAD {} {} {} -> {i}", p["name"], text, p["wide"]); break; }
        }}
      }
      Verdict::Incompatible=>{ n[1]+=1; let w=r.witness.unwrap(); if !nv.is_valid(&w)||wv.is_valid(&w) { println!("WITNESS {} {} {} -> {w}", p["name"], p["narrow"], p["wide"]); } }
      Verdict::Unknown=>n[2]+=1,
    }
  }}
  println!("{n:?} bad {bad}");
}
