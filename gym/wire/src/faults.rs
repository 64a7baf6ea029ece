//! Faults as numbers.

use hyperdust_kernel::{Cap, Fault, FaultKind};

/// What a lane's fault number says; 0 is none, 1 is the first of these. Later versions append.
pub const FAULTS: [FaultKind; 11] = [
    FaultKind::ActionLength,
    FaultKind::ActionNotFinite,
    FaultKind::StateNotFinite,
    FaultKind::QuantityNotFinite,
    FaultKind::RewardNotFinite,
    FaultKind::TerminationNotFinite,
    FaultKind::InfoNotFinite,
    FaultKind::ObservationNotFinite,
    FaultKind::BudgetExceeded(Cap::Contacts),
    FaultKind::BudgetExceeded(Cap::Rows),
    FaultKind::BudgetExceeded(Cap::Rays),
];

/// Number and body (−1: none) of a lane's fault.
pub(crate) fn number(fault: Option<Fault>) -> (u8, i32) {
    match fault {
        None => (0, -1),
        Some(fault) => {
            let index = FAULTS.iter().position(|kind| *kind == fault.kind);
            // A kind that is not listed is a bug that the test below finds; it stays a fault on the wire.
            let number = index.map_or(u8::MAX, |index| index as u8 + 1);
            (number, fault.body.map_or(-1, i32::from))
        }
    }
}

/// The fault with this number, or none where there is no such number.
pub(crate) fn fault(number: u8, body: i32) -> Option<Option<Fault>> {
    if number == 0 {
        return Some(None);
    }
    let kind = *FAULTS.get(usize::from(number) - 1)?;
    Some(Some(Fault { kind, body: u16::try_from(body).ok() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every fault comes back as it was, and every kind that the kernel can encode is listed.
    #[test]
    fn faults_come_back() {
        assert_eq!(fault(0, -1), Some(None));
        assert_eq!(fault(12, -1), None);
        let encodings = (0..=u8::MAX).flat_map(|kind| (0..=u8::MAX).map(move |cap| [kind, cap]));
        let kinds =
            encodings.flat_map(|bytes| [borsh::from_slice(&bytes[..1]), borsh::from_slice::<FaultKind>(&bytes)]);
        assert!(kinds.flatten().all(|kind| FAULTS.contains(&kind)), "a fault without a number");
        for kind in FAULTS {
            for body in [None, Some(0), Some(u16::MAX)] {
                let given = Some(Fault { kind, body });
                let (number, body) = number(given);
                assert_eq!(fault(number, body), Some(given));
            }
        }
    }
}
