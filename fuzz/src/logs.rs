use crate::script::Script;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, b256};
use kohala_protocol::{
    ConfigUpdate, Deposit, EcotoneScalars, Eip1559Params, OperatorFee, Receipt, SystemConfig,
    config_updates as updates, user_deposits,
};
use op_alloy_consensus::{TxDeposit, UserDepositSource};

pub(crate) const CONTRACT: Address = Address::repeat_byte(0xbb);
pub(crate) const DEPOSITED: B256 = b256!("b3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32");
pub(crate) const UPDATED: B256 = b256!("1d2b0bda21d56b8bd12d4f94ebacffdfb35f5e226f84b461103bb8beab6353be");
const L1_HASH: B256 = B256::repeat_byte(0x11);

/// Logs of an L1 block, as the script says, mostly of the contract and mostly of the event.
pub(crate) fn receipts(script: &mut Script<'_>, event: B256) -> Vec<Receipt> {
    let receipt = |script: &mut Script<'_>| Receipt {
        succeeded: !script.rarely(8),
        logs: (0..script.pick(3)).map(|_| log(script, event)).collect(),
    };
    (0..1 + script.pick(3)).map(|_| receipt(script)).collect()
}

fn log(script: &mut Script<'_>, event: B256) -> Log {
    let address = if script.rarely(8) { Address::ZERO } else { CONTRACT };
    let topics = (0..script.pick(5)).map(|index| match script.pick(8) {
        0 => B256::left_padding_from(script.bytes(32)),
        _ if index == 0 => event,
        kind => B256::left_padding_from(if kind < 4 { &[] } else { script.bytes(1) }),
    });
    let topics = topics.collect();
    let data: Bytes = match script.pick(4) {
        0 => Bytes::copy_from_slice(script.string()),
        // Words of few bytes, as ABI encodings are.
        1 => (0..script.pick(9)).flat_map(|_| B256::left_padding_from(script.bytes(2)).0).collect(),
        _ => {
            let bytes = script.string();
            let mut data = [U256::from(32), U256::from(bytes.len())].map(|word| word.to_be_bytes::<32>()).concat();
            data.extend(bytes);
            let padding = if script.rarely(8) { 32 } else { 0 };
            data.resize(data.len().next_multiple_of(32) + padding, script.byte() % 2);
            data.into()
        }
    };
    Log::new_unchecked(address, topics, data)
}

/// Deposits in logs: they are what op-alloy makes of the same words, or the whole block is refused.
pub fn deposit_logs(input: &[u8]) {
    let receipts = receipts(&mut Script::new(input), DEPOSITED);
    let read = user_deposits(&receipts, L1_HASH, CONTRACT);

    let logs = receipts.iter().flat_map(|receipt| receipt.logs.iter().map(|log| (receipt.succeeded, log)));
    let is_deposit =
        |succeeded, log: &Log| succeeded && log.address == CONTRACT && log.topics().first() == Some(&DEPOSITED);
    let expected: Option<Vec<Bytes>> = (0..)
        .zip(logs)
        .filter(|(_, (succeeded, log))| is_deposit(*succeeded, log))
        .map(|(index, (_, log))| deposit(log, index))
        .collect();
    assert_eq!(read.ok(), expected);
}

/// Reads a deposit by the places of its words.
fn deposit(log: &Log, log_index: u64) -> Option<Bytes> {
    let data = &log.data.data;
    let words: Vec<U256> = data.chunks(32).map(U256::from_be_slice).collect();
    if log.topics().len() != 4 || log.topics()[3] != B256::ZERO || !data.len().is_multiple_of(32) || words.len() < 2 {
        return None;
    }
    let room = U256::from(data.len() - 64);
    if words[0] != U256::from(32) || words[1] > room || room - words[1] >= U256::from(32) || words[1] < U256::from(73) {
        return None;
    }
    let end = 64 + words[1].to::<usize>();
    let gas = data[128..136].iter().fold(0, |gas, byte| gas * 256 + u64::from(*byte));
    let recipient = Address::from_slice(&log.topics()[2][12..]);
    let to = if data[136] == 0 { TxKind::Call(recipient) } else { TxKind::Create };
    let source_hash = UserDepositSource::new(L1_HASH, log_index).source_hash();
    let (from, input) = (Address::from_slice(&log.topics()[1][12..]), data.slice(137..end));
    let Ok(mint) = u128::try_from(words[2]) else {
        // More wei than op-alloy's type holds, and than there are.
        let (mint, value) = (words[2], words[3]);
        return Some(Deposit { source_hash, from, to, mint, value, gas, is_system: false, data: input }.encode());
    };
    let deposit =
        TxDeposit { source_hash, from, to, mint, value: words[3], gas_limit: gas, is_system_transaction: false, input };
    Some(deposit.encoded_2718().into())
}

/// Updates in logs: each is what its words say, or nothing, whatever the others are. Any of them can be applied.
pub fn config_updates(input: &[u8]) {
    let mut script = Script::new(input);
    let ecotone = script.rarely(2);
    let receipts = receipts(&mut script, UPDATED);
    let read: Vec<_> = updates(&receipts, CONTRACT, ecotone).map(Result::ok).collect();

    let logs = receipts.iter().filter(|receipt| receipt.succeeded).flat_map(|receipt| &receipt.logs);
    let expected: Vec<_> = logs
        .filter(|log| log.address == CONTRACT && log.topics().first() == Some(&UPDATED))
        .map(|log| update(log, ecotone))
        .collect();
    assert_eq!(read, expected);

    let mut system_config = SystemConfig::default();
    read.into_iter().flatten().for_each(|update| system_config.apply(update));
}

/// Reads an update by the places of its words.
fn update(log: &Log, ecotone: bool) -> Option<ConfigUpdate> {
    let words: Vec<U256> = log.data.data.chunks(32).map(U256::from_be_slice).collect();
    let [_, version, kind] = log.topics() else { return None };
    if !version.is_zero() {
        return None;
    }
    let is_bytes = |count: usize| {
        words.len() == count + 2
            && log.data.data.len() == 64 + 32 * count
            && words[..2] == [U256::from(32), U256::from(32 * count)]
    };
    let value = *words.get(2).unwrap_or(&U256::ZERO);
    let word = value.to_be_bytes::<32>();
    let kind: u64 = U256::from_be_bytes(kind.0).try_into().ok()?;
    match kind {
        3 => return Some(ConfigUpdate::UnsafeBlockSigner),
        1 if !is_bytes(2) => return None,
        0 | 2 | 4..=7 if !is_bytes(1) => return None,
        8.. => return None,
        _ => {}
    }
    let number = u64::try_from(value);
    let (denominator, elasticity) =
        (u32::from_be_bytes(word[24..28].try_into().ok()?), u32::from_be_bytes(word[28..].try_into().ok()?));
    match kind {
        0 if value.bit_len() <= 160 => Some(ConfigUpdate::Batcher(Address::from_slice(&word[12..]))),
        1 => {
            let (overhead, scalar) = (B256::from(word), B256::from(words[3]));
            let is_known = EcotoneScalars::decode(&scalar).is_ok();
            match ecotone {
                true => is_known.then_some(ConfigUpdate::FeeScalars { overhead: B256::ZERO, scalar }),
                false => Some(ConfigUpdate::FeeScalars { overhead, scalar }),
            }
        }
        2 => number.ok().map(ConfigUpdate::GasLimit),
        4 if (denominator == 0) == (elasticity == 0) => {
            Some(ConfigUpdate::Eip1559(Eip1559Params { denominator, elasticity }))
        }
        5 => {
            let scalar = u32::from_be_bytes(word[20..24].try_into().ok()?);
            Some(ConfigUpdate::OperatorFee(OperatorFee { scalar, constant: value.as_limbs()[0] }))
        }
        6 => number.ok().map(ConfigUpdate::MinBaseFee),
        7 => u16::try_from(value).ok().map(ConfigUpdate::DaFootprintGasScalar),
        _ => None,
    }
}
