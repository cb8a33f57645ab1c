//! Divides the program of a built page into what its first visit needs first, what it needs then, and the rest: `faaslab-split LIST`.
//!
//! The bundler calls it when it has built the page (`Trunk.toml`) and says by TRUNK_STAGING_DIR where. LIST says what is needed until
//! the first run's figures are shown, and what to show the run (`blocks.rs`); `./dev profile` writes it. Code that is needed earlier
//! than the list knows costs a wait for the part that has it, nothing else. With FAASLAB_MARK=1 in the environment the program is not
//! divided: it notes what is needed instead.

mod blocks;
mod divide;
mod mark;
mod memory;
mod outline;
mod program;
mod site;

use std::path::{Path, PathBuf};
use std::{env, fs};

use blocks::{Opening, Shape};
use outline::{Taken, outline};
use program::{Fault, Program};

fn main() -> Result<(), Fault> {
    let list = env::args().nth(1).ok_or("the list of functions is not named")?;
    let folder = env::var("TRUNK_STAGING_DIR")?;
    let site = site::Site::new(Path::new(&folder))?;
    let bytes = site.program()?;
    let program = Program::new(&bytes)?;
    if env::var_os("FAASLAB_MARK").is_some() {
        return site.write_marked(&mark::mark(&bytes)?, &blocks::described(&program)?);
    }
    let list = fs::read_to_string(list)?;
    let opening = Opening::new(&list)?;
    let linked = program.linking.map(linked).transpose()?;
    let (bytes, taken) = outlined(&program, &bytes, &opening)?;
    let mut program = Program::new(&bytes)?;
    let whole = program.count() - taken.len() as u32;
    let mut parts = Vec::new();
    for function in 0..whole {
        let name = &program.names[function as usize];
        // What has no name was made by wasm-bindgen, for what the program's script calls.
        parts.push(if function < program.imported() || name.is_empty() {
            0
        } else {
            opening.part(name, Shape::of(program.body(function))?).map_or(site::PARTS.len() - 1, usize::from)
        });
    }
    for (function, taken) in (whole..).zip(taken) {
        program.names[function as usize] = format!("{}, what comes later", program.names[taken.from as usize]);
        program.taken_from.push(taken.from);
        parts.push(usize::from(taken.parts[0]));
    }
    let parts = divide::divide(&program, parts, linked.as_deref())?;
    site.write_parts(&parts)?;
    for ((program, (own, stubs)), name) in parts.programs.iter().zip(&parts.counts).zip(site::PARTS) {
        println!("{name}: {own} functions and {stubs} stubs, {} kB", program.len() / 1000);
    }
    Ok(())
}

/// The program with what its functions need later taken out of them, and what was taken out: all from functions that it had before.
fn outlined(program: &Program<'_>, bytes: &[u8], opening: &Opening<'_>) -> Result<(Vec<u8>, Vec<Taken>), Fault> {
    let whole = program.count();
    let mut bytes = bytes.to_vec();
    let mut taken: Vec<Taken> = Vec::new();
    // What was taken out may itself have what is needed still later.
    let mut seen = 0;
    loop {
        let before = Program::new(&bytes)?;
        let first = before.count() - (taken.len() - seen) as u32;
        let outlined = outline(&bytes, |function| match function.checked_sub(first) {
            Some(new) => Some(&taken[seen + new as usize].parts),
            None if seen == 0 && taken.is_empty() => {
                opening.parts(&before.names[function as usize], Shape::of(before.body(function)).ok()?)
            }
            None => None,
        })?;
        if outlined.taken.is_empty() {
            return Ok((bytes, taken));
        }
        seen = taken.len();
        for Taken { from, parts } in outlined.taken {
            let from = from.checked_sub(whole).map_or(from, |taken_out| taken[taken_out as usize].from);
            taken.push(Taken { from, parts });
        }
        bytes = outlined.bytes;
    }
}

/// The program as the linker wrote it, whatever the profile: the one with this table of symbols.
fn linked(linking: &[u8]) -> Result<Vec<u8>, Fault> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    for profile in fs::read_dir(target.join("wasm32-unknown-unknown"))? {
        if let Ok(bytes) = fs::read(profile?.path().join("faaslab-web.wasm"))
            && Program::new(&bytes)?.linking == Some(linking)
        {
            return Ok(bytes);
        }
    }
    Err("the program as it was linked is not found".into())
}
