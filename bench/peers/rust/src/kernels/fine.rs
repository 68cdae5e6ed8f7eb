//! The kernels whose calls do next to nothing: tree, queens, integrate, skynet.

use super::Fork;

pub struct Node {
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
    value: i64,
}

pub fn grow(depth: usize) -> Option<Box<Node>> {
    if depth == 0 {
        return None;
    }
    let mut node = Box::new(Node {
        left: None,
        right: None,
        value: 1,
    });
    node.left = grow(depth - 1);
    node.right = grow(depth - 1);
    Some(node)
}

pub fn tree_sum<R: Fork>(here: &mut R::Here<'_>, node: &Option<Box<Node>>) -> i64 {
    let Some(node) = node else { return 0 };
    let (left, right) = R::join(
        here,
        |here| tree_sum::<R>(here, &node.left),
        |here| tree_sum::<R>(here, &node.right),
    );
    node.value + left + right
}

type Board = [i8; 16];

pub const QUEENS_KNOWN: [i64; 15] = [
    1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596,
];

fn may_stand(board: &Board, row: usize, column: usize) -> bool {
    board[..row].iter().enumerate().all(|(above, &queen)| {
        let distance = column as i32 - queen as i32;
        let rows = (row - above) as i32;
        distance != 0 && distance != rows && distance != -rows
    })
}

pub fn queens<R: Fork>(here: &mut R::Here<'_>, n: usize, row: usize, board: &Board) -> i64 {
    if row == n {
        return 1;
    }
    R::sum(here, 0, n, &|here: &mut R::Here<'_>, column| {
        if !may_stand(board, row, column) {
            return 0;
        }
        let mut next = *board;
        next[row] = column as i8;
        queens::<R>(here, n, row + 1, &next)
    })
}

const INTEGRATE_ERROR: f64 = 1e-10;

fn integrand(x: f64) -> f64 {
    (x * x + 1.0) * x
}

fn integrate<R: Fork>(
    here: &mut R::Here<'_>,
    (x1, y1): (f64, f64),
    (x2, y2): (f64, f64),
    area: f64,
) -> f64 {
    let half = (x2 - x1) / 2.0;
    let x0 = x1 + half;
    let y0 = integrand(x0);
    let below = (y1 + y0) / 2.0 * half;
    let above = (y0 + y2) / 2.0 * half;
    let both = below + above;
    if both - area < INTEGRATE_ERROR && area - both < INTEGRATE_ERROR {
        return both;
    }
    let (left, right) = R::join(
        here,
        |here| integrate::<R>(here, (x1, y1), (x0, y0), below),
        |here| integrate::<R>(here, (x0, y0), (x2, y2), above),
    );
    left + right
}

pub fn check_integral<R: Fork>(here: &mut R::Here<'_>, end: f64) {
    let area = integrate::<R>(here, (0.0, integrand(0.0)), (end, integrand(end)), 0.0);
    let exact = end * end * (end * end / 4.0 + 0.5);
    assert!((area / exact - 1.0).abs() < 1e-9);
}

pub fn skynet<R: Fork>(here: &mut R::Here<'_>, first: i64, leaves: i64) -> i64 {
    if leaves == 1 {
        return first;
    }
    R::sum(here, 0, 10, &|here: &mut R::Here<'_>, i| {
        skynet::<R>(here, first + i as i64 * (leaves / 10), leaves / 10)
    })
}
