//! The product of two square matrices by recursive splitting.

use super::{report_runs, Fork};

const BLOCK: usize = 64;
type Row = [f64; BLOCK];

/// A square part of a matrix. Parts that are worked on at the same time do not overlap.
#[derive(Clone, Copy)]
struct Part(*mut f64);
// SAFETY: see above.
unsafe impl Send for Part {}
// SAFETY: see above.
unsafe impl Sync for Part {}

impl Part {
    fn quarter(self, row: usize, column: usize, half: usize, stride: usize) -> Part {
        // SAFETY: the quarter lies inside of the part.
        Part(unsafe { self.0.add(row * half * stride + column * half) })
    }

    /// The elements of a row of a block.
    fn row<'a>(self, i: usize, stride: usize) -> &'a Row {
        // SAFETY: the row lies inside of the matrix, and nobody writes there.
        unsafe { &*self.0.add(i * stride).cast() }
    }

    fn row_mut<'a>(self, i: usize, stride: usize) -> &'a mut Row {
        // SAFETY: the row lies inside of the matrix, and belongs to this call alone.
        unsafe { &mut *self.0.add(i * stride).cast() }
    }
}

/// Eight rows of b at a time: a row of c is read and written for them once.
fn add_products(out: &mut Row, factor: &[f64; 8], row: [&Row; 8]) {
    for j in 0..BLOCK {
        out[j] = (0..8).fold(out[j], |sum, l| sum + factor[l] * row[l][j]);
    }
}

#[inline(never)]
fn multiply_block(a: Part, b: Part, c: Part, stride: usize) {
    for i in 0..BLOCK {
        let (factors, _) = a.row(i, stride).as_chunks::<8>();
        for (k, factor) in factors.iter().enumerate() {
            let row = std::array::from_fn(|l| b.row(8 * k + l, stride));
            add_products(c.row_mut(i, stride), factor, row);
        }
    }
}

fn multiply<R: Fork>(here: &mut R::Here<'_>, a: Part, b: Part, c: Part, n: usize, stride: usize) {
    if n == BLOCK {
        return multiply_block(a, b, c, stride);
    }
    let half = n / 2;
    for k in 0..2 {
        let quarter = |here: &mut R::Here<'_>, i, j| {
            multiply::<R>(
                here,
                a.quarter(i, k, half, stride),
                b.quarter(k, j, half, stride),
                c.quarter(i, j, half, stride),
                half,
                stride,
            )
        };
        let upper = |here: &mut R::Here<'_>| {
            R::join(here, |here| quarter(here, 0, 0), |here| quarter(here, 0, 1));
        };
        let lower = |here: &mut R::Here<'_>| {
            R::join(here, |here| quarter(here, 1, 0), |here| quarter(here, 1, 1));
        };
        R::join(here, upper, lower);
    }
}

fn times(m: &[f64], x: &[f64]) -> Vec<f64> {
    m.chunks(x.len())
        .map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum())
        .collect()
}

pub fn run<R: Fork>(here: &mut R::Here<'_>, n: usize) {
    let matrix = |factor, modulus| -> Vec<f64> {
        (0..n * n).map(|i| (i * factor % modulus) as f64).collect()
    };
    let (mut a, mut b, mut c) = (matrix(7, 11), matrix(5, 13), vec![0.0; n * n]);
    report_runs(|| {
        c.fill(0.0);
        let (a, b) = (Part(a.as_mut_ptr()), Part(b.as_mut_ptr()));
        multiply::<R>(here, a, b, Part(c.as_mut_ptr()), n, n);
    });
    let x: Vec<f64> = (0..n).map(|i| (i * 3 % 17) as f64).collect();
    assert_eq!(times(&c, &x), times(&a, &times(&b, &x)));
}
