//! What execution does otherwise for deposits, in fork order.

use crate::{InvalidTransaction, transaction::Transaction};
use alloy_primitives::Address;
use op_revm::{OpHaltReason, OpSpecId, OpTransactionError};
use revm::context_interface::result::{ExecutionResult, HaltReason};

impl Transaction {
    /// The gas that it takes of its block's before it is executed: its limit, but none for system transactions (rules F31).
    pub(crate) const fn block_gas(&self) -> u64 {
        if self.env.deposit.is_system_transaction { 0 } else { self.env.base.gas_limit }
    }

    /// The gas that it costs whatever it uses: before Regolith all that a deposit takes of the block's (rules X05).
    pub(crate) fn fixed_gas(&self, spec: OpSpecId) -> Option<u64> {
        (self.is_deposit() && !spec.is_enabled_in(OpSpecId::REGOLITH)).then(|| self.block_gas())
    }

    /// Whose nonce has to be raised once it was executed and [is unfunded](is_unfunded).
    ///
    /// Every deposit raises its sender's nonce. Before Regolith the EVM forgets it of one that is to create a contract with
    /// more than its sender has.
    pub(crate) fn forgotten_nonce(&self, spec: OpSpecId) -> Option<Address> {
        let env = &self.env.base;
        let forgets = self.is_deposit() && env.kind.is_create() && !spec.is_enabled_in(OpSpecId::REGOLITH);
        forgets.then_some(env.caller)
    }

    /// From Regolith on there are no system transactions (rules F31).
    pub(crate) fn refuse_system(&self, spec: OpSpecId) -> Result<(), InvalidTransaction> {
        if self.env.deposit.is_system_transaction && spec.is_enabled_in(OpSpecId::REGOLITH) {
            return Err(InvalidTransaction::Refused(OpTransactionError::DepositSystemTxPostRegolith));
        }
        Ok(())
    }

    /// Whose nonce before it the receipt has: from Canyon on a deposit's sender's.
    pub(crate) fn receipt_nonce(&self, spec: OpSpecId) -> Option<Address> {
        (self.is_deposit() && spec.is_enabled_in(OpSpecId::CANYON)).then_some(self.env.base.caller)
    }

    /// How much gas it may be executed with; `None` for as much as the EVM's rules say.
    ///
    /// Osaka limits it; deposits were paid for on L1 and are exempt (rules F41). The EVM lets them pass, but unless told so
    /// runs them on no more gas than others get.
    pub(crate) fn gas_limit_cap(&self) -> Option<u64> {
        self.is_deposit().then_some(u64::MAX)
    }
}

/// True if a transaction was to send more than its sender has.
pub(crate) const fn is_unfunded(result: &ExecutionResult<OpHaltReason>) -> bool {
    matches!(result, ExecutionResult::Halt { reason: OpHaltReason::Base(HaltReason::OutOfFunds), .. })
}
