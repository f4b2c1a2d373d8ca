use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Who should have which partition: everybody who sees the same members and owners comes to the same answer.
///
/// It is balanced: the members' shares differ by one at the most. It moves as few partitions as that allows, so a partition that has an owner
/// among the members is taken from it only if that owner has too many. Carried out step by step, in any order, it stays what it is: the
/// answer after each step is the answer before it. (So do Kafka's cooperative sticky assignments, KIP-429.)
///
/// `owners` has an entry for each partition; an owner that is no member has left.
///
/// # Example
///
/// ```
/// use headwater_log::assign;
///
/// let (ada, ben) = ("ada".to_owned(), "ben".to_owned());
/// let owners = [Some(ada.clone()), Some(ada.clone()), Some(ada.clone()), None];
/// let members = [ada.clone(), ben.clone()].into();
/// assert_eq!(assign(&members, &owners), [Some(ada.clone()), Some(ada), Some(ben.clone()), Some(ben)]);
/// ```
#[must_use]
pub fn assign(members: &BTreeSet<String>, owners: &[Option<String>]) -> Vec<Option<String>> {
    if members.is_empty() {
        return vec![None; owners.len()];
    }
    let shares = shares(members, owners);
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    let mut assigned: Vec<Option<String>> = owners
        .iter()
        .map(|owner| {
            let (owner, share) = shares.get_key_value(owner.as_deref()?)?;
            let kept = kept.entry(owner).or_default();
            // Each keeps its first ones, so that what it gives doesn't depend on what it has given already.
            (*kept < *share).then(|| {
                *kept += 1;
                (*owner).to_owned()
            })
        })
        .collect();
    for partition in assigned.iter_mut().filter(|partition| partition.is_none()) {
        let lacks = |member: &&str| shares[*member] - kept.get(*member).copied().unwrap_or(0);
        // The one that lacks most, and of several the first.
        let neediest = shares.keys().copied().max_by_key(|member| (lacks(member), Reverse(*member)));
        if let Some(member) = neediest {
            *kept.entry(member).or_default() += 1;
            *partition = Some(member.to_owned());
        }
    }
    assigned
}

/// How many partitions each member gets. When they don't come out even, one more goes to those that have one more already, by the order
/// of their names; what they have beyond that doesn't count, because they will give it.
fn shares<'a>(members: &'a BTreeSet<String>, owners: &[Option<String>]) -> BTreeMap<&'a str, usize> {
    let (least, more) = (owners.len() / members.len(), owners.len() % members.len());
    let has = |member: &str| owners.iter().flatten().filter(|owner| *owner == member).count();
    let mut order: Vec<_> =
        members.iter().map(|member| (Reverse(has(member).min(least + 1)), &**member)).collect();
    order.sort_unstable();
    let share = |(place, (_, member)): (usize, (_, &'a str))| (member, least + usize::from(place < more));
    order.into_iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(owners: &[&str]) -> Vec<Option<String>> {
        owners.iter().map(|owner| (!owner.is_empty()).then(|| (*owner).to_owned())).collect()
    }

    fn members(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Numbers that are the same in each run.
    fn random(state: &mut u64, below: usize) -> usize {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*state >> 33).unwrap() % below
    }

    /// Any state of a group: who has what, and who of them is still there.
    fn states() -> impl Iterator<Item = (BTreeSet<String>, Vec<Option<String>>)> {
        let mut state = 7;
        (0..20_000).map(move |_| {
            let (known, count) = (1 + random(&mut state, 9), random(&mut state, 40));
            let owners = (0..count).map(|_| match random(&mut state, known + 2) {
                number if number < known => Some(format!("m{number}")),
                _ => None,
            });
            let owners: Vec<_> = owners.collect();
            let mut members: BTreeSet<_> =
                (0..known).filter(|_| random(&mut state, 3) > 0).map(|number| format!("m{number}")).collect();
            members.insert(format!("new{}", random(&mut state, 3)));
            (members, owners)
        })
    }

    fn count(owners: &[Option<String>], member: &str) -> usize {
        owners.iter().flatten().filter(|owner| *owner == member).count()
    }

    #[test]
    fn shares_differ_by_one_at_the_most_and_nothing_is_left_over() {
        for (members, owners) in states() {
            let assigned = assign(&members, &owners);
            let shares: Vec<_> = members.iter().map(|member| count(&assigned, member)).collect();
            assert_eq!(shares.iter().sum::<usize>(), owners.len(), "{members:?} {owners:?}");
            let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            assert!(most - least <= 1, "{members:?} {owners:?}: {assigned:?}");
        }
    }

    #[test]
    fn no_more_is_moved_than_balance_asks_for() {
        for (members, owners) in states() {
            let assigned = assign(&members, &owners);
            let kept =
                owners.iter().zip(&assigned).filter(|(before, after)| before.is_some() && before == after);
            // What could be kept at most: the lower share of each, and one more as often as it doesn't come out even.
            let (least, more) = (owners.len() / members.len(), owners.len() % members.len());
            let has: Vec<_> = members.iter().map(|member| count(&owners, member)).collect();
            let could: usize = has.iter().map(|&has| has.min(least)).sum();
            let with_one_more = has.iter().filter(|&&has| has > least).count().min(more);
            assert_eq!(kept.count(), could + with_one_more, "{members:?} {owners:?}: {assigned:?}");
        }
    }

    #[test]
    fn what_is_given_first_does_not_change_what_else_is_given() {
        let mut state = 11;
        for (members, mut owners) in states() {
            let goal = assign(&members, &owners);
            let given: Vec<_> =
                (0..owners.len()).filter(|&p| owners[p].is_some() && owners[p] != goal[p]).collect();
            for &partition in given.iter().filter(|_| random(&mut state, 2) == 0) {
                owners[partition] = None;
            }
            let then = assign(&members, &owners);
            for (partition, owner) in owners.iter().enumerate().filter(|(_, owner)| owner.is_some()) {
                assert_eq!(goal[partition] == *owner, then[partition] == *owner, "{members:?} {owners:?}");
            }
        }
    }

    #[test]
    fn what_is_balanced_stays() {
        let owners = some(&["b", "a", "b", "a", "a"]);
        assert_eq!(assign(&members(&["a", "b"]), &owners), owners);
    }

    #[test]
    fn without_members_nobody_has_anything() {
        assert_eq!(assign(&members(&[]), &some(&["a", ""])), [None, None]);
    }
}
