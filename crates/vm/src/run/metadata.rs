//! A program's symbols beside its state, which has none.

use crate::elf::{Elf, Symbol};
use serde::{Deserialize, Serialize};

/// A program's symbols, as cannon and asterisc write them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// In the order of their addresses.
    symbols: Vec<Symbol>,
}

impl Metadata {
    /// Those of a program.
    pub fn of(elf: &Elf<'_>) -> Self {
        let mut symbols = elf.symbols.clone();
        symbols.sort_by_key(|symbol| symbol.start);
        Self { symbols }
    }

    /// The symbol that an address belongs to.
    pub fn symbol(&self, address: u64) -> Option<&Symbol> {
        let behind = self.symbols.partition_point(|symbol| symbol.start <= address);
        let symbol = &self.symbols[behind.checked_sub(1)?];
        (address - symbol.start <= symbol.size).then_some(symbol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_the_last_symbol_before_it() {
        let symbols = r#"{"symbols": [
            {"name": "main", "start": 100, "size": 20}, {"name": "end", "start": 120, "size": 0}
        ]}"#;
        let metadata: Metadata = serde_json::from_str(symbols).expect("symbols");
        let name = |address| metadata.symbol(address).map(|symbol| &*symbol.name);
        assert_eq!((name(99), name(100), name(119)), (None, Some("main"), Some("main")));
        assert_eq!((name(120), name(121)), (Some("end"), None));
        assert_eq!(Metadata::default().symbol(0), None);
    }
}
