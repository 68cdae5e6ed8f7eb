use crate::{joined, per_operation, seconds};
use peers::report;
use tokio::sync::mpsc;

pub async fn ping_pong(rounds: u64) {
    let before = seconds();
    let (there, mut arrivals) = mpsc::channel(1);
    let (back, mut returns) = mpsc::channel(1);
    let pong = tokio::spawn(async move {
        while let Some(number) = arrivals.recv().await {
            back.send(number).await.expect("somebody who waits");
        }
    });
    for i in 0..rounds {
        there.send(i).await.expect("the other end");
        assert_eq!(returns.recv().await, Some(i));
    }
    drop(there);
    pong.await.expect("the other task");
    report("ns", per_operation(before, rounds));
}

// Tokio's own channel has one receiver. For several its users take the crate async-channel.
pub async fn channel(messages: u64, senders: u64, receivers: u64) {
    let before = seconds();
    let sum = if receivers == 1 {
        one_receiver(messages, senders).await
    } else {
        many_receivers(messages, senders, receivers).await
    };
    report("ns", per_operation(before, messages));
    assert_eq!(sum, messages / senders * senders);
}

async fn one_receiver(messages: u64, senders: u64) -> u64 {
    let (out, mut through) = mpsc::channel(64);
    for _ in 0..senders {
        let out = out.clone();
        tokio::spawn(async move {
            for _ in 0..messages / senders {
                out.send(1).await.expect("the receiver");
            }
        });
    }
    drop(out);
    let receiver = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(number) = through.recv().await {
            sum += number;
        }
        sum
    });
    receiver.await.expect("the receiver")
}

async fn many_receivers(messages: u64, senders: u64, receivers: u64) -> u64 {
    let (out, through) = async_channel::bounded(64);
    for _ in 0..senders {
        let out = out.clone();
        tokio::spawn(async move {
            for _ in 0..messages / senders {
                out.send(1).await.expect("a receiver");
            }
        });
    }
    drop(out);
    let receivers = (0..receivers)
        .map(|_| {
            let through = through.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                while let Ok(number) = through.recv().await {
                    sum += number;
                }
                sum
            })
        })
        .collect();
    joined(receivers).await
}
