//! The files of a built page: its program is replaced, and the script that starts it learns of that.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::divide::Parts;
use crate::program::Fault;

/// What the names of the program's parts end with, after the script's: the first that the page asks for; what shows a run; the rest.
pub(crate) const PARTS: [&str; 3] = ["_bg", "_show", "_rest"];

/// A built page.
pub(crate) struct Site {
    folder: PathBuf,
    /// What the names of the program and its script begin with.
    stem: String,
}

impl Site {
    /// Finds the program in a folder.
    pub(crate) fn new(folder: &Path) -> Result<Site, Fault> {
        let mut stems = Vec::new();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            stems.extend(name.to_str().and_then(|n| n.strip_suffix("_bg.wasm")).map(str::to_owned));
        }
        match <[String; 1]>::try_from(stems) {
            Ok([stem]) => Ok(Site { folder: folder.to_owned(), stem }),
            Err(stems) => Err(format!("{} has {} programs, not one", folder.display(), stems.len()).into()),
        }
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}{ending}", self.stem))
    }

    /// The program.
    pub(crate) fn program(&self) -> Result<Vec<u8>, Fault> {
        Ok(fs::read(self.path("_bg.wasm"))?)
    }

    /// Writes a program that notes what is needed, and what its functions are (`blocks::described`).
    pub(crate) fn write_marked(&self, program: &[u8], functions: &str) -> Result<(), Fault> {
        let script = fs::read_to_string(self.path(".js"))?;
        fs::write(self.path(".js"), script + &without_comments(include_str!("marked.js")))?;
        fs::write(self.path("_bg.wasm"), program)?;
        Ok(fs::write(self.folder.join("functions.txt"), functions)?)
    }

    /// Writes the parts of a program. Script and parts get new names, so that no browser puts together what does not belong together.
    pub(crate) fn write_parts(&self, parts: &Parts) -> Result<(), Fault> {
        let script = fs::read_to_string(self.path(".js"))?;
        let script =
            replaced(&script, 2, "const imports = __wbg_get_imports();", "const imports = withLater(__wbg_get_imports());")?;
        let mut script = script;
        for (number, name) in parts.imports.iter().enumerate() {
            script = replaced(&script, 1, &format!(" {name}: function("), &format!(" {number}: function("))?;
        }
        let (script, loader) = (without_comments(&script), without_comments(include_str!("parts.js")));
        let mut hasher = DefaultHasher::new();
        (&parts.programs, &script, &loader).hash(&mut hasher);
        let (name, _) = self.stem.rsplit_once('-').ok_or("the program's name has no hash")?;
        let new = Site { folder: self.folder.clone(), stem: format!("{name}-{:016x}", hasher.finish()) };
        let names: Vec<String> = PARTS.iter().map(|part| format!("{}{part}.wasm", new.stem)).collect();
        let loader = replaced(&loader, 1, "LATER", &format!("{:?}", &names[1..]))?;

        fs::remove_file(self.path("_bg.wasm"))?;
        fs::remove_file(self.path(".js"))?;
        for (name, program) in names.iter().zip(&parts.programs) {
            fs::write(self.folder.join(name), program)?;
        }
        fs::write(new.path(".js"), script + &loader)?;
        let page = self.folder.join("index.html");
        let html = fs::read_to_string(&page)?;
        if !html.contains(&self.stem) {
            return Err("the page does not name the program".into());
        }
        Ok(fs::write(page, self.one_style(&html.replace(&self.stem, &new.stem))?)?)
    }

    /// The page with one file of styles in the place of several, which together are packed better.
    fn one_style(&self, html: &str) -> Result<String, Fault> {
        let mut styles = String::new();
        let mut links = Vec::new();
        for link in html.split_inclusive('>').filter_map(|part| part.rfind("<link rel=\"stylesheet\"").map(|at| &part[at..])) {
            let (_, path) = link.split_once("href=\"").ok_or("a style has no address")?;
            let name = path.split('"').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
            styles += &without_remarks(&fs::read_to_string(self.folder.join(name))?);
            fs::remove_file(self.folder.join(name))?;
            links.push((link, name));
        }
        let Some(((first, old), others)) = links.split_first() else { return Ok(html.to_owned()) };
        let mut hasher = DefaultHasher::new();
        styles.hash(&mut hasher);
        let name = format!("styles-{:016x}.css", hasher.finish());
        fs::write(self.folder.join(&name), styles)?;
        let mut html = html.replace(*first, &first.replace(old, &name));
        for (link, _) in others {
            html = html.replace(*link, "");
        }
        Ok(html)
    }
}

/// Styles without what is said about them.
fn without_remarks(styles: &str) -> String {
    let mut parts = styles.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, after)| after.trim_start()))
}

/// A text with every occurrence of a part replaced, which must be there so many times: else the tools that wrote it have changed.
fn replaced(text: &str, times: usize, old: &str, new: &str) -> Result<String, Fault> {
    match text.matches(old).count() {
        count if count == times => Ok(text.replace(old, new)),
        count => Err(format!("\"{old}\" is there {count} times, not {times}").into()),
    }
}

/// A script without indentation and comments that have lines of their own.
fn without_comments(script: &str) -> String {
    let lines =
        script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("/**"));
    lines.flat_map(|line| [line, "\n"]).collect()
}
