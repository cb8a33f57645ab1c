//! The traces that this browser keeps, in the file system that each page has of its own: what was read once is there after a reload, and
//! in the page's other tabs.
//!
//! A file is named after what the trace was read from and never changes. It holds the report and the packed columns. A browser
//! without such a file system, or without room, keeps nothing; a file that is damaged is as good as none.

use faaslab_core::trace::Report;
use js_sys::{AsyncIterator, IteratorNext, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DedicatedWorkerGlobalScope, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemSyncAccessHandle,
};

/// Its number goes up when the same files are read as another trace than before.
const FOLDER: &str = "traces-1";

/// So many traces are kept, those that were written last.
const MOST: usize = 4;

/// The length of the report comes first, in so many bytes.
const HEAD: usize = 8;

/// The folder; nothing where the browser has none.
async fn folder(scope: &DedicatedWorkerGlobalScope) -> Option<FileSystemDirectoryHandle> {
    // Without TLS browsers have no such thing.
    let storage = Reflect::get(&scope.navigator(), &"storage".into()).ok().filter(JsValue::is_object)?;
    if !Reflect::has(&storage, &"getDirectory".into()).ok()? {
        return None;
    }
    let root: FileSystemDirectoryHandle = JsFuture::from(scope.navigator().storage().get_directory()).await.ok()?.into();
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    Some(JsFuture::from(root.get_directory_handle_with_options(FOLDER, &options)).await.ok()?.into())
}

/// What the file of a trace is called that was read from files with these hashes.
fn name<'a>(hashes: impl Iterator<Item = &'a str>) -> String {
    let mut hashes: Vec<String> = hashes.map(str::to_lowercase).collect();
    hashes.sort_unstable();
    hashes.join("-")
}

/// A kept file as it is, if it is there.
async fn file(folder: &FileSystemDirectoryHandle, name: &str) -> Option<File> {
    let handle: FileSystemFileHandle = JsFuture::from(folder.get_file_handle(name)).await.ok()?.into();
    JsFuture::from(handle.get_file()).await.ok()?.dyn_into().ok()
}

/// The report and the columns of a kept file, if it is of these files.
async fn opened(file: &File, name_of: &str) -> Option<(Report, Blob)> {
    let part = |from: f64, to: f64| file.slice_with_f64_and_f64(from, to).ok();
    let bytes = |blob: Blob| async move { JsFuture::from(blob.array_buffer()).await.ok().map(|b| Uint8Array::new(&b).to_vec()) };
    let head: [u8; HEAD] = bytes(part(0.0, HEAD as f64)?).await?.try_into().ok()?;
    let end = HEAD as f64 + u64::from_le_bytes(head) as f64;
    if end > file.size() {
        return None;
    }
    let report: Report = serde_json::from_slice(&bytes(part(HEAD as f64, end)?).await?).ok()?;
    (name(report.hashes()) == name_of).then_some((report, part(end, file.size())?))
}

/// Keeps a trace. Answers a handle of its packed columns; nothing if it could not be kept.
pub(super) async fn keep(scope: &DedicatedWorkerGlobalScope, report: &Report, packed: &[u8]) -> Option<Blob> {
    let folder = folder(scope).await?;
    let name = name(report.hashes());
    if let Some(file) = file(&folder, &name).await
        && let Some((_, columns)) = opened(&file, &name).await
        && columns.size() == packed.len() as f64
    {
        return Some(columns);
    }
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let handle: FileSystemFileHandle = JsFuture::from(folder.get_file_handle_with_options(&name, &options)).await.ok()?.into();
    // Nothing where another tab writes it.
    let can_write = Reflect::has(&handle, &"createSyncAccessHandle".into()).ok()?;
    let access: FileSystemSyncAccessHandle =
        if can_write { JsFuture::from(handle.create_sync_access_handle()).await.ok()?.into() } else { return None };
    if write(&access, report, packed).is_none() {
        let _ = JsFuture::from(folder.remove_entry(&name)).await;
        return None;
    }
    make_room(&folder, &name).await;
    Some(opened(&file(&folder, &name).await?, &name).await?.1)
}

/// Writes a file and closes it; nothing if there is no room.
fn write(access: &FileSystemSyncAccessHandle, report: &Report, packed: &[u8]) -> Option<()> {
    let write_all = || {
        let report = serde_json::to_vec(report).ok()?;
        access.truncate_with_u32(0).ok()?;
        for part in [&(report.len() as u64).to_le_bytes()[..], &report, packed] {
            // It goes on where the last part ended.
            let written = access.write_with_u8_array(part).ok()?;
            (written == part.len() as f64).then_some(())?;
        }
        access.flush().ok()
    };
    let done = write_all();
    access.close();
    done
}

/// Removes all but the newest few.
async fn make_room(folder: &FileSystemDirectoryHandle, newest: &str) {
    let mut files: Vec<(f64, String)> = Vec::new();
    let all: AsyncIterator = folder.keys();
    while let Ok(next) = all.next() {
        let Ok(next) = JsFuture::from(next).await else { break };
        let next: IteratorNext = next.unchecked_into();
        if next.done() {
            break;
        }
        if let Some(name) = next.value().as_string().filter(|name| name != newest) {
            let read = file(folder, &name).await.map_or(0.0, |file| file.last_modified());
            files.push((read, name));
        }
    }
    files.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, name) in files.iter().skip(MOST - 1) {
        let _ = JsFuture::from(folder.remove_entry(name)).await;
    }
}

/// The trace that was read from files with these hashes, if it is kept: its report, its packed columns, and a handle of them.
pub(super) async fn recall(scope: &DedicatedWorkerGlobalScope, hashes: &[String]) -> Option<(Report, Vec<u8>, Blob)> {
    let folder = folder(scope).await?;
    let name = name(hashes.iter().map(String::as_str));
    let (report, columns) = opened(&file(&folder, &name).await?, &name).await?;
    let packed = JsFuture::from(columns.array_buffer()).await.ok().map(|b| Uint8Array::new(&b).to_vec())?;
    Some((report, packed, columns))
}

/// No longer keeps a trace.
pub(super) async fn forget(scope: &DedicatedWorkerGlobalScope, hashes: &[String]) {
    if let Some(folder) = folder(scope).await {
        let _ = JsFuture::from(folder.remove_entry(&name(hashes.iter().map(String::as_str)))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_called_by_what_it_was_read_from_in_any_order() {
        assert_eq!(name(["bB", "aa"].into_iter()), "aa-bb");
        assert_eq!(name(["aa", "BB"].into_iter()), "aa-bb");
    }
}
