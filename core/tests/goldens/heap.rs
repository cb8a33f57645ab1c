//! The heap of CPython 3.11 (`heapq`): an array whose layout decides the order of equals, so it is done step by step as there.

/// Something with a priority that only `<` compares.
pub(crate) trait Prioritised {
    fn priority(&self) -> f64;
}

fn less<T: Prioritised>(a: &T, b: &T) -> bool {
    a.priority() < b.priority()
}

fn sift_down<T: Prioritised + Copy>(heap: &mut [T], start: usize, mut at: usize) {
    let new = heap[at];
    while at > start {
        let parent = (at - 1) / 2;
        if !less(&new, &heap[parent]) {
            break;
        }
        heap[at] = heap[parent];
        at = parent;
    }
    heap[at] = new;
}

fn sift_up<T: Prioritised + Copy>(heap: &mut [T], start: usize) {
    let (end, mut at, new) = (heap.len(), start, heap[start]);
    let mut child = 2 * at + 1;
    while child < end {
        let right = child + 1;
        if right < end && !less(&heap[child], &heap[right]) {
            child = right;
        }
        heap[at] = heap[child];
        at = child;
        child = 2 * at + 1;
    }
    heap[at] = new;
    sift_down(heap, start, at);
}

pub(crate) fn heapify<T: Prioritised + Copy>(heap: &mut [T]) {
    for at in (0..heap.len() / 2).rev() {
        sift_up(heap, at);
    }
}

pub(crate) fn push<T: Prioritised + Copy>(heap: &mut Vec<T>, item: T) {
    heap.push(item);
    let last = heap.len() - 1;
    sift_down(heap, 0, last);
}

pub(crate) fn pop<T: Prioritised + Copy>(heap: &mut Vec<T>) -> Option<T> {
    let last = heap.pop()?;
    let Some(first) = heap.first().copied() else { return Some(last) };
    heap[0] = last;
    sift_up(heap, 0);
    Some(first)
}

#[test]
fn pops_come_in_order_and_equals_move_as_in_cpython() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Item(f64, char);
    impl Prioritised for Item {
        fn priority(&self) -> f64 {
            self.0
        }
    }
    let mut heap = Vec::new();
    for (priority, name) in [(2.0, 'a'), (1.0, 'b'), (1.0, 'c'), (3.0, 'd'), (1.0, 'e')] {
        push(&mut heap, Item(priority, name));
    }
    assert_eq!(layout(&heap), "becda");
    let order: Vec<f64> = std::iter::from_fn(|| pop(&mut heap)).map(|i| i.0).collect();
    assert_eq!(order, [1.0, 1.0, 1.0, 2.0, 3.0]);
    // A valid heap of equals is rearranged all the same: of two equal children the right one rises.
    let mut equals = [Item(1.0, 'a'), Item(1.0, 'b'), Item(1.0, 'c')];
    heapify(&mut equals);
    assert_eq!(layout(&equals), "cba");

    fn layout(heap: &[Item]) -> String {
        heap.iter().map(|i| i.1).collect()
    }
}
