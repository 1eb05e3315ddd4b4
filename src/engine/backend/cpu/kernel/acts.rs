//! Rows of activations, as the matrix kernels want them: f32 and, for integer weights, quantised.

use super::pack::{GROUP, LINE, Line, PAD};

/// Rows of numbers on their way into a matrix. Allocated once for the most rows, reused ever after.
#[derive(Debug)]
pub(in super::super) struct Acts {
    form: Form,
    /// Inputs per row.
    pub(super) width: usize,
    /// Inputs per row with padding, which is zero: a multiple of `PAD`.
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) floats: Vec<f32>,
    pub(super) quants: Vec<Line>,
    /// The step of each row's quants.
    pub(super) scales: Vec<f32>,
    /// The sum of each row's quants.
    pub(super) sums: Vec<i32>,
    /// The sums of each row's groups of quants.
    pub(super) group_sums: Vec<i32>,
}

/// What the matrix that rows go into multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// Numbers as they are.
    Floats,
    /// Their quants.
    Quants,
}

impl Acts {
    /// No rows yet.
    pub(in super::super) const fn new(form: Form) -> Self {
        Self {
            form,
            width: 0,
            stride: 0,
            rows: 0,
            floats: Vec::new(),
            quants: Vec::new(),
            scales: Vec::new(),
            sums: Vec::new(),
            group_sums: Vec::new(),
        }
    }

    /// Whether rows are quantised as they are filled in.
    pub(super) fn is_quantised(&self) -> bool {
        self.form == Form::Quants
    }

    /// Makes room for rows of this width. What was in them is lost.
    pub(in super::super) fn resize(&mut self, rows: usize, width: usize) {
        let stride = width.next_multiple_of(PAD);
        self.rows = rows;
        if self.stride != stride || self.width != width {
            (self.width, self.stride) = (width, stride);
            // Padding must be zero, and another width has it elsewhere.
            self.floats.clear();
            self.quants.clear();
        }
        grow(&mut self.floats, rows * stride, 0.0);
        grow(&mut self.quants, rows * stride / LINE, Line::ZERO);
        grow(&mut self.scales, rows, 0.0);
        grow(&mut self.sums, rows, 0);
        grow(&mut self.group_sums, rows * stride / GROUP, 0);
    }

    /// The numbers of one row.
    pub(in super::super) fn row(&self, row: usize) -> &[f32] {
        &self.floats[row * self.stride..][..self.width]
    }

    /// The quants of one row, padding included.
    pub(super) fn quants(&self, row: usize) -> &[i8] {
        let lines = self.stride / LINE;
        Line::signed(&self.quants[row * lines..][..lines])
    }
}

/// Longer, never shorter: a vector that once had room keeps it.
fn grow<T: Clone>(vector: &mut Vec<T>, length: usize, value: T) {
    if vector.len() < length {
        vector.resize(length, value);
    }
}
