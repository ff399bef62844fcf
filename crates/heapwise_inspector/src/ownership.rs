//! Who keeps what alive: dominators of a graph of references.
//!
//! A node dominates another if every way from the root leads through it; then ending the one ends the other. So
//! the bytes below a node in the tree of dominators are what its end would free. Computed exactly, by the
//! semidominators of Lengauer and Tarjan with the simple form of path compression.

/// References as rows: the targets of node `n` are `targets[from..to]` with `rows[n] == (from, to)`. Node 0 is the root.
#[derive(Debug, Clone, Copy)]
pub(crate) struct References<'a> {
    pub(crate) rows: &'a [(u32, u32)],
    pub(crate) targets: &'a [u32],
}

impl<'a> References<'a> {
    pub(crate) fn of(&self, node: u32) -> &'a [u32] {
        let (from, to) = self.rows[node as usize];
        &self.targets[from as usize..to as usize]
    }

    pub(crate) const fn nodes(&self) -> usize {
        self.rows.len()
    }
}

const NONE: u32 = u32::MAX;

/// The immediate dominator of every node; `u32::MAX` for the root and for what it does not reach. Also the nodes
/// in the order of a search in depth, in which a dominator stands before what it dominates. A reference from one node to
/// another counts where `counts` says so.
pub(crate) fn dominators(
    references: References<'_>,
    counts: impl Fn(u32, u32) -> bool,
) -> (Vec<u32>, Vec<u32>) {
    let nodes = references.nodes();
    // Search in depth, without recursion.
    let mut number = vec![NONE; nodes];
    let mut order: Vec<u32> = Vec::new();
    let mut parent: Vec<u32> = Vec::new();
    let mut stack = vec![(0u32, NONE, 0usize)];
    number[0] = 0;
    order.push(0);
    parent.push(NONE);
    while let Some((node, _, next)) = stack.last_mut() {
        let targets = references.of(*node);
        if *next == targets.len() {
            stack.pop();
            continue;
        }
        let target = targets[*next];
        *next += 1;
        if number[target as usize] == NONE && counts(*node, target) {
            let from = number[*node as usize];
            number[target as usize] = order.len() as u32;
            order.push(target);
            parent.push(from);
            stack.push((target, from, 0));
        }
    }
    let reached = order.len();
    // Predecessors, by number.
    let mut starts = vec![0u32; reached + 1];
    let counts = &counts;
    let counted = |node| references.of(node).iter().filter(move |&&target| counts(node, target));
    for &node in &order {
        for &target in counted(node) {
            starts[number[target as usize] as usize + 1] += 1;
        }
    }
    for index in 0..reached {
        starts[index + 1] += starts[index];
    }
    let mut places = starts.clone();
    let mut predecessors = vec![0u32; starts[reached] as usize];
    for (from, &node) in order.iter().enumerate() {
        for &target in counted(node) {
            let to = number[target as usize] as usize;
            predecessors[places[to] as usize] = from as u32;
            places[to] += 1;
        }
    }
    // From here on nodes are their numbers.
    let mut semi: Vec<u32> = (0..reached as u32).collect();
    let mut best: Vec<u32> = (0..reached as u32).collect();
    let mut ancestor = vec![NONE; reached];
    let mut path = Vec::new();
    for node in (1..reached).rev() {
        let mut smallest = node as u32;
        for &from in &predecessors[starts[node] as usize..starts[node + 1] as usize] {
            let candidate = if from as usize <= node {
                from
            } else {
                semi[evaluate(from, &mut ancestor, &mut best, &semi, &mut path) as usize]
            };
            smallest = smallest.min(candidate);
        }
        semi[node] = smallest;
        ancestor[node] = parent[node];
    }
    // The nearest common ancestor in the tree of the search that is not above the semidominator.
    let mut dominator = parent;
    for node in 1..reached {
        let mut candidate = dominator[node];
        while candidate > semi[node] {
            candidate = dominator[candidate as usize];
        }
        dominator[node] = candidate;
    }
    let mut result = vec![NONE; nodes];
    for node in 1..reached {
        result[order[node] as usize] = order[dominator[node] as usize];
    }
    (result, order)
}

/// The node with the smallest semidominator on the way up to what is not linked yet; shortens the way.
fn evaluate(node: u32, ancestor: &mut [u32], best: &mut [u32], semi: &[u32], path: &mut Vec<u32>) -> u32 {
    if ancestor[node as usize] == NONE {
        return best[node as usize];
    }
    path.clear();
    let mut at = node;
    while ancestor[ancestor[at as usize] as usize] != NONE {
        path.push(at);
        at = ancestor[at as usize];
    }
    while let Some(below) = path.pop() {
        let above = ancestor[below as usize] as usize;
        if semi[best[above] as usize] < semi[best[below as usize] as usize] {
            best[below as usize] = best[above];
        }
        ancestor[below as usize] = ancestor[above];
    }
    best[node as usize]
}

/// The bytes that each node's end would free, from the bytes of each.
pub(crate) fn retained(sizes: &[u64], dominator: &[u32], order: &[u32]) -> Vec<u64> {
    let mut retained = sizes.to_vec();
    for &node in order.iter().rev() {
        let above = dominator[node as usize];
        if above != NONE {
            retained[above as usize] = retained[above as usize].saturating_add(retained[node as usize]);
        }
    }
    retained
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(edges: &[Vec<u32>]) -> (Vec<(u32, u32)>, Vec<u32>) {
        let mut rows = Vec::new();
        let mut targets = Vec::new();
        for row in edges {
            let from = targets.len() as u32;
            targets.extend(row);
            rows.push((from, targets.len() as u32));
        }
        (rows, targets)
    }

    fn reached(edges: &[Vec<u32>], without: u32) -> Vec<bool> {
        let mut seen = vec![false; edges.len()];
        let mut stack = if without == 0 { vec![] } else { vec![0u32] };
        while let Some(node) = stack.pop() {
            if node != without && !std::mem::replace(&mut seen[node as usize], true) {
                stack.extend(&edges[node as usize]);
            }
        }
        seen
    }

    proptest! {
        #[test]
        fn retained_bytes_are_what_is_no_longer_reached(
            edges in (2usize..24).prop_flat_map(|nodes| {
                prop::collection::vec(prop::collection::vec(0..nodes as u32, 0..4), nodes)
            }),
            left_out in 2u32..5
        ) {
            let (all_rows, all_targets) = rows(&edges);
            let counts = |from: u32, to: u32| !(from + to).is_multiple_of(left_out);
            let (dominator, order) = dominators(References { rows: &all_rows, targets: &all_targets }, counts);
            let counted = |(from, row): (usize, Vec<u32>)| {
                row.into_iter().filter(|&to| counts(from as u32, to)).collect()
            };
            let edges: Vec<Vec<u32>> = edges.into_iter().enumerate().map(counted).collect();
            let sizes: Vec<u64> = (0..edges.len() as u64).map(|node| 1 << node).collect();
            let retained = retained(&sizes, &dominator, &order);
            let all = reached(&edges, NONE);
            for node in 0..edges.len() as u32 {
                if !all[node as usize] {
                    prop_assert_eq!(dominator[node as usize], NONE);
                    continue;
                }
                let rest = reached(&edges, node);
                let freed: u64 = (0..edges.len()).filter(|&n| all[n] && !rest[n]).map(|n| sizes[n]).sum();
                prop_assert_eq!(retained[node as usize], freed, "node {}", node);
            }
        }
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_needs_no_recursion() {
        let edges: Vec<Vec<u32>> =
            (0..100_000).map(|node| if node == 99_999 { vec![] } else { vec![node + 1] }).collect();
        let (rows, targets) = rows(&edges);
        let (dominator, order) = dominators(References { rows: &rows, targets: &targets }, |_, _| true);
        assert_eq!(retained(&vec![1; 100_000], &dominator, &order)[1], 99_999);
    }
}
