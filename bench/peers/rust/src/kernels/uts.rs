//! Unbalanced Tree Search.

use super::{report_runs, Fork};

type State = [u32; 5];

/// SHA-1 of a message of five or six words.
fn sha1_of(message: &[u32]) -> State {
    let mut w = [0u32; 80];
    w[..message.len()].copy_from_slice(message);
    w[message.len()] = 0x80000000;
    w[15] = message.len() as u32 * 32;
    for i in 16..80 {
        w[i] = (w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1);
    }
    const START: State = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    let [mut a, mut b, mut c, mut d, mut e] = START;
    type Mix = fn(u32, u32, u32) -> u32;
    #[inline(always)]
    fn step(v: u32, x: &mut u32, y: u32, z: u32, sum: &mut u32, f: Mix, more: u32) {
        *sum = sum
            .wrapping_add(v.rotate_left(5))
            .wrapping_add(f(*x, y, z))
            .wrapping_add(more);
        *x = x.rotate_left(30);
    }
    // Five steps at a time, after which the letters are back in their places.
    let mut steps = |w: &[u32], k: u32, f: Mix| {
        for word in w.chunks_exact(5) {
            step(a, &mut b, c, d, &mut e, f, k.wrapping_add(word[0]));
            step(e, &mut a, b, c, &mut d, f, k.wrapping_add(word[1]));
            step(d, &mut e, a, b, &mut c, f, k.wrapping_add(word[2]));
            step(c, &mut d, e, a, &mut b, f, k.wrapping_add(word[3]));
            step(b, &mut c, d, e, &mut a, f, k.wrapping_add(word[4]));
        }
    };
    steps(&w[..20], 0x5a827999, |b, c, d| d ^ (b & (c ^ d)));
    steps(&w[20..40], 0x6ed9eba1, |b, c, d| b ^ c ^ d);
    steps(&w[40..60], 0x8f1bbcdc, |b, c, d| (b & c) | (d & (b | c)));
    steps(&w[60..], 0xca62c1d6, |b, c, d| b ^ c ^ d);
    let mut sum = START;
    for (word, more) in sum.iter_mut().zip([a, b, c, d, e]) {
        *word = word.wrapping_add(more);
    }
    sum
}

#[inline(never)]
fn child_of(parent: &State, i: usize) -> State {
    sha1_of(&[parent[0], parent[1], parent[2], parent[3], parent[4], i as u32])
}

#[derive(Clone, Copy)]
pub struct Tree {
    geometric: bool,
    branching: usize,
    seed: u32,
    depth: usize,
    q: f64,
    children: usize,
    nodes: i64,
}

pub fn t1() -> Tree {
    Tree {
        geometric: true,
        branching: 4,
        seed: 19,
        depth: 10,
        q: 0.0,
        children: 0,
        nodes: 4_130_071,
    }
}

pub fn t3() -> Tree {
    Tree {
        geometric: false,
        branching: 2000,
        seed: 42,
        depth: 0,
        q: 0.124875,
        children: 8,
        nodes: 4_112_897,
    }
}

fn children_of(tree: &Tree, state: &State, height: usize) -> usize {
    const MOST: usize = 100;
    let random = (state[4] & 0x7fffffff) as f64 / 2147483648.0;
    if !tree.geometric {
        return match height {
            0 => tree.branching,
            _ if random < tree.q => tree.children,
            _ => 0,
        };
    }
    if height >= tree.depth {
        return 0;
    }
    let p = 1.0 / (1.0 + tree.branching as f64);
    MOST.min(((1.0 - random).ln() / (1.0 - p).ln()).floor() as usize)
}

fn count<R: Fork>(here: &mut R::Here<'_>, tree: &Tree, state: &State, height: usize) -> i64 {
    let children = children_of(tree, state, height);
    if children == 0 {
        return 1;
    }
    1 + R::sum(here, 0, children, &|here: &mut R::Here<'_>, i| {
        count::<R>(here, tree, &child_of(state, i), height + 1)
    })
}

/// Plain calls, for trees of other sizes than the published ones.
struct Serial;

impl Fork for Serial {
    type Here<'a> = ();
    fn join<A: Send, B: Send>(
        here: &mut (),
        f: impl FnOnce(&mut ()) -> A + Send,
        g: impl FnOnce(&mut ()) -> B + Send,
    ) -> (A, B) {
        let a = f(here);
        (a, g(here))
    }
}

pub fn run<R: Fork>(here: &mut R::Here<'_>, published: &Tree, size: usize) {
    let mut tree = *published;
    let root = sha1_of(&[0, 0, 0, 0, tree.seed]);
    let which = if tree.geometric {
        &mut tree.depth
    } else {
        &mut tree.branching
    };
    if *which != size {
        *which = size;
        tree.nodes = count::<Serial>(&mut (), &tree, &root, 0);
    }
    report_runs(|| assert_eq!(count::<R>(here, &tree, &root, 0), tree.nodes));
}
