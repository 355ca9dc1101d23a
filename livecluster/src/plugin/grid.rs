//! Tables as kubectl has them: headings in capitals, columns as wide as their widest cell.

use super::form::Look;

/// A table in the making.
#[derive(Debug)]
pub struct Grid {
    look: Look,
    rows: Vec<Vec<Cell>>,
}

/// What stands in a column.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
}

/// What a cell says of its matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    Plain,
    /// It is as it should be.
    Good,
    /// A person may want to look.
    Doubtful,
    /// A person has to look.
    Bad,
}

impl Grid {
    /// With these headings; those of `more` only if tables are wide.
    pub fn new(look: Look, headings: &[&str], more: &[&str]) -> Self {
        let mut grid = Self { look, rows: Vec::new() };
        let cells = |names: &[&str]| names.iter().map(|name| Cell::from(*name)).collect();
        grid.row(cells(headings), cells(more));
        grid
    }

    /// A row, with cells for the same columns.
    pub fn row(&mut self, mut cells: Vec<Cell>, more: Vec<Cell>) {
        if self.look.wide {
            cells.extend(more);
        }
        self.rows.push(cells);
    }

    /// The lines. A table without rows is none.
    pub fn finish(self) -> String {
        if self.rows.len() < 2 {
            return String::new();
        }
        let lines = self.rows.iter().map(|row| self.line(row));
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn line(&self, row: &[Cell]) -> String {
        let last = row.len().saturating_sub(1);
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let blanks = if column == last { 0 } else { self.width(column) + GAP - cell.text.chars().count() };
            format!("{}{:blanks$}", cell.painted(self.look.coloured), "")
        });
        cells.collect::<String>().trim_end().to_owned()
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.chars().count()).max().unwrap_or_default()
    }
}

impl Cell {
    /// With a colour on a terminal.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// What is there, or a dash.
    pub fn or_dash(text: Option<impl ToString>) -> Self {
        text.map_or_else(|| Self::from("-"), |text| Self::from(text.to_string()))
    }

    fn painted(&self, coloured: bool) -> String {
        paint(&self.text, self.tone, coloured)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// A text in the colour of its tone.
pub fn paint(text: &str, tone: Tone, coloured: bool) -> String {
    let code = match tone {
        Tone::Good => 32,
        Tone::Doubtful => 33,
        Tone::Bad => 31,
        Tone::Plain => return text.to_owned(),
    };
    if coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// An age as kubectl writes it: 42s, 5m, 3h, 12d.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Blanks between columns.
const GAP: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(look: Look) -> String {
        let mut grid = Grid::new(look, &["NAME", "READY"], &["NODE"]);
        grid.row(vec!["a-long-name".into(), Cell::toned("yes", Tone::Good)], vec!["n1".into()]);
        grid.row(vec!["b".into(), Cell::toned("no", Tone::Bad)], vec![Cell::or_dash(None::<String>)]);
        grid.finish()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(grid(Look::default()), "NAME          READY\na-long-name   yes\nb             no\n");
    }

    #[test]
    fn wide_table_has_more_columns_and_colours_do_not_count() {
        let plain = grid(Look { wide: true, coloured: false });
        let coloured = grid(Look { wide: true, coloured: true });

        assert_eq!(plain, "NAME          READY   NODE\na-long-name   yes     n1\nb             no      -\n");
        let stripped = ["\u{1b}[32m", "\u{1b}[31m", "\u{1b}[0m"]
            .iter()
            .fold(coloured.clone(), |text, code| text.replace(code, ""));
        assert_eq!((stripped, coloured.matches('\u{1b}').count()), (plain, 4));
    }

    #[test]
    fn ages_are_as_kubectl_writes_them() {
        assert_eq!([-5, 59, 119, 120, 7200, 200_000].map(age), ["0s", "59s", "119s", "2m", "2h", "2d"]);
    }
}
