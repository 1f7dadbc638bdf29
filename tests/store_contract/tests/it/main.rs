//! The contract of the store, and the three that hold to it: the one in memory, which tests and proofs run on;
//! MiniStack, which the network runs on locally; and Amazon's own DynamoDB Local.

mod commits;
mod dynamodb_local;
mod indexes;
mod items;
mod ministack;
mod process;
mod queries;
mod reads;
mod tables;

use std::sync::OnceLock;

use aws::store::dynamodb::DynamoDb;
use aws::store::memory::Memory;

use process::Server;

/// Makes one test of each behaviour for one store.
macro_rules! held_to_by {
    ($store:expr; $($module:ident { $($behaviour:ident)* })*) => {$($(
        #[tokio::test]
        async fn $behaviour() {
            super::$module::$behaviour(&$store).await;
        }
    )*)*};
}

/// Makes one test for each behaviour and each store. DynamoDB Local is of 2020 and does not know yet what AWS has
/// allowed since.
macro_rules! contract {
    (always { $($always:tt)* } since_2020 { $($since:tt)* }) => {
        mod memory_store {
            held_to_by! { super::Memory::default(); $($always)* $($since)* }
        }

        mod on_ministack {
            held_to_by! { super::on_ministack(); $($always)* $($since)* }
        }

        mod on_dynamodb_local {
            held_to_by! { super::on_dynamodb_local(); $($always)* }
        }
    };
}

contract! {
always {
    commits {
        an_item_is_created_where_there_is_none
        an_item_is_not_created_over_another
        an_item_is_replaced_at_the_version_that_was_read
        an_item_is_not_replaced_at_another_version
        an_item_that_is_not_there_is_not_replaced
        a_replaced_item_keeps_nothing_of_the_earlier_one
        a_check_passes_at_its_version_and_writes_nothing
        a_check_fails_at_another_version_and_where_there_is_nothing
        a_check_alone_is_a_commit
        all_tables_are_committed_together
        all_that_failed_are_named_by_position_in_order
        where_one_fails_nothing_is_written
        two_actions_on_one_item_are_refused
        of_two_who_commit_at_once_one_is_told_so
    }
    reads {
        items_come_in_the_order_of_the_keys_and_missing_ones_are_named
        a_single_item_is_read_as_it_was_written
        one_item_cannot_be_asked_for_twice
        what_was_committed_is_read_at_once
        every_kind_of_value_comes_back_as_it_was
    }
    queries {
        a_partition_is_answered_in_the_order_of_its_sort_keys
        a_range_takes_what_is_in_it_and_its_ends
        a_query_backwards_answers_from_the_end
        a_page_ends_at_the_limit_and_the_next_goes_on_there
        pages_backwards_hold_everything_once
        a_page_goes_on_where_it_ended_though_that_item_has_moved
        another_partition_or_table_is_not_touched
        what_was_committed_is_found_at_once
        sort_keys_are_ordered_by_their_bytes
    }
    indexes {
        an_item_is_in_an_index_only_while_it_has_its_attributes
        an_index_answers_in_the_order_of_its_own_sort_key
        an_index_is_paged_to_its_end
        items_with_one_index_key_are_all_found
        every_index_of_the_code_is_in_the_template
    }
}
since_2020 {
    commits {
        a_hundred_actions_are_committed_and_a_hundred_and_one_refused
        two_actions_on_one_item_are_a_mistake_and_no_conflict
    }
    reads {
        a_hundred_items_are_read_and_a_hundred_and_one_refused
        an_empty_text_is_kept
    }
}
}

/// The store on MiniStack, which is started by the first who asks and ends with this process.
fn on_ministack() -> DynamoDb {
    static SERVER: OnceLock<Server> = OnceLock::new();
    tables::store(SERVER.get_or_init(ministack::start))
}

/// The store on DynamoDB Local, likewise.
fn on_dynamodb_local() -> DynamoDb {
    static SERVER: OnceLock<Server> = OnceLock::new();
    tables::store(SERVER.get_or_init(dynamodb_local::start))
}
