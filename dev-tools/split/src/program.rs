//! A linked WebAssembly program, as far as dividing it needs.

use std::error::Error;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasmparser::{DataKind, ElementItems, ElementKind, FunctionBody, KnownCustom, Name, Operator, Parser, Payload, TypeRef};

/// What goes wrong: said to whoever builds the page.
pub(crate) type Fault = Box<dyn Error + Send + Sync>;

/// A function that JavaScript provides.
pub(crate) struct Import<'a> {
    /// The module's name.
    pub(crate) module: &'a str,
    /// The function's name.
    pub(crate) name: &'a str,
    /// The number of its type.
    pub(crate) ty: u32,
}

/// Functions in consecutive slots of a table.
pub(crate) struct Segment {
    /// The table.
    pub(crate) table: u32,
    /// The first slot.
    pub(crate) first: u32,
    /// The functions.
    pub(crate) functions: Vec<u32>,
}

/// Bytes that memory has from the beginning.
pub(crate) struct Data<'a> {
    /// Where they begin.
    pub(crate) at: u32,
    /// The bytes.
    pub(crate) bytes: &'a [u8],
}

/// A program: functions have numbers, the imported ones first.
#[derive(Default)]
pub(crate) struct Program<'a> {
    /// Types of functions.
    pub(crate) types: Vec<wasm_encoder::FuncType>,
    /// What JavaScript provides.
    pub(crate) imports: Vec<Import<'a>>,
    /// The types of the functions that it has itself.
    pub(crate) functions: Vec<u32>,
    /// Their code.
    pub(crate) bodies: Vec<FunctionBody<'a>>,
    /// Tables.
    pub(crate) tables: Vec<wasm_encoder::TableType>,
    /// Memories.
    pub(crate) memories: Vec<wasm_encoder::MemoryType>,
    /// Globals, with what they hold at first.
    pub(crate) globals: Vec<(wasm_encoder::GlobalType, wasm_encoder::ConstExpr)>,
    /// What JavaScript sees.
    pub(crate) exports: Vec<wasmparser::Export<'a>>,
    /// What the tables hold at first.
    pub(crate) segments: Vec<Segment>,
    /// What memory holds at first.
    pub(crate) data: Vec<Data<'a>>,
    /// The name of each function, imported ones included; empty where there is none.
    pub(crate) names: Vec<String>,
    /// The functions that its last ones were taken out of.
    pub(crate) taken_from: Vec<u32>,
    /// The linker's table of symbols, as it is.
    pub(crate) linking: Option<&'a [u8]>,
}

impl<'a> Program<'a> {
    /// Reads a program.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut program = Program::default();
        let mut names = Vec::new();
        let same = &mut RoundtripReencoder;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(types) => {
                    for ty in types.into_iter_err_on_gc_types() {
                        program.types.push(same.func_type(ty?)?);
                    }
                }
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import?;
                        let TypeRef::Func(ty) = import.ty else {
                            return Err(format!("{} is imported and no function", import.name).into());
                        };
                        program.imports.push(Import { module: import.module, name: import.name, ty });
                    }
                }
                Payload::FunctionSection(functions) => program.functions = functions.into_iter().collect::<Result<_, _>>()?,
                Payload::TableSection(tables) => {
                    for table in tables {
                        program.tables.push(same.table_type(table?.ty)?);
                    }
                }
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        program.memories.push(same.memory_type(memory?)?);
                    }
                }
                Payload::GlobalSection(globals) => {
                    for global in globals {
                        let global = global?;
                        program.globals.push((same.global_type(global.ty)?, same.const_expr(global.init_expr)?));
                    }
                }
                Payload::ExportSection(exports) => program.exports = exports.into_iter().collect::<Result<_, _>>()?,
                Payload::ElementSection(elements) => {
                    for element in elements {
                        let element = element?;
                        match (element.kind, element.items) {
                            (ElementKind::Active { table_index, offset_expr }, ElementItems::Functions(functions)) => {
                                let functions = functions.into_iter().collect::<Result<_, _>>()?;
                                program.segments.push(Segment {
                                    table: table_index.unwrap_or(0),
                                    first: place(&offset_expr)?,
                                    functions,
                                });
                            }
                            (ElementKind::Declared, _) => {}
                            _ => return Err("a segment of functions is of a kind that is not expected".into()),
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => program.bodies.push(body),
                Payload::DataSection(data) => {
                    for segment in data {
                        let segment = segment?;
                        let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else {
                            return Err("a segment of data is of a kind that is not expected".into());
                        };
                        program.data.push(Data { at: place(&offset_expr)?, bytes: segment.data });
                    }
                }
                Payload::CustomSection(custom) => {
                    if custom.name() == "linking" {
                        program.linking = Some(custom.data());
                    }
                    if let KnownCustom::Name(reader) = custom.as_known() {
                        for part in reader {
                            if let Name::Function(map) = part? {
                                for name in map {
                                    let name = name?;
                                    names.push((name.index, demangled(name.name)));
                                }
                            }
                        }
                    }
                }
                Payload::StartSection { .. } => return Err("a start function is not expected".into()),
                Payload::TagSection(_) => return Err("exceptions are not expected".into()),
                _ => {}
            }
        }
        program.names = vec![String::new(); program.imports.len() + program.functions.len()];
        for (index, name) in names {
            if let Some(place) = program.names.get_mut(index as usize) {
                *place = name;
            }
        }
        Ok(program)
    }

    /// How many functions are imported: the number of the first that is its own.
    pub(crate) fn imported(&self) -> u32 {
        self.imports.len() as u32
    }

    /// How many functions there are, imported ones included.
    pub(crate) fn count(&self) -> u32 {
        self.imported() + self.functions.len() as u32
    }

    /// The number of a function's type.
    pub(crate) fn type_of(&self, function: u32) -> u32 {
        match function.checked_sub(self.imported()) {
            None => self.imports[function as usize].ty,
            Some(own) => self.functions[own as usize],
        }
    }

    /// The code of one of its own functions.
    pub(crate) fn body(&self, function: u32) -> &FunctionBody<'a> {
        &self.bodies[(function - self.imported()) as usize]
    }

    /// The functions that were taken out of others (`outline.rs`), each with the one that it is a part of.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (u32, &u32)> {
        (self.count() - self.taken_from.len() as u32..).zip(&self.taken_from)
    }

    /// What a byte of memory holds at first.
    pub(crate) fn byte(&self, place: u32) -> u8 {
        self.data.iter().find_map(|data| data.bytes.get(place.checked_sub(data.at)? as usize)).copied().unwrap_or(0)
    }

    /// The functions that a function names: those it calls, and those it takes references of.
    pub(crate) fn named_by(&self, function: u32) -> Result<Vec<u32>, Fault> {
        let mut named = Vec::new();
        for operator in self.body(function).get_operators_reader()? {
            match operator? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => {
                    named.push(function_index);
                }
                Operator::MemoryInit { .. }
                | Operator::DataDrop { .. }
                | Operator::TableInit { .. }
                | Operator::ElemDrop { .. } => {
                    return Err(format!("{} uses a segment by its number", self.names[function as usize]).into());
                }
                _ => {}
            }
        }
        Ok(named)
    }
}

/// The name of a function in words, without what changes from build to build.
pub(crate) fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// The constant that says where a segment goes.
pub(crate) fn place(expression: &wasmparser::ConstExpr<'_>) -> Result<u32, Fault> {
    match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(value as u32),
        _ => Err("a segment's place is no constant".into()),
    }
}
