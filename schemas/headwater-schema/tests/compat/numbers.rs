plain! { i32_fits_into_i64, Compatible, Incompatible, i32 [i32::MIN, i32::MAX], i64 [i64::MIN, i64::MAX] }
plain! { u32_fits_into_i64, Compatible, Incompatible, u32 [0, u32::MAX], i64 [-1, i64::MAX] }
plain! { u32_fits_into_u64, Compatible, Incompatible, u32 [u32::MAX], u64 [u64::MAX] }
plain! { u64_and_i64_differ_both_ways, Incompatible, Incompatible, u64 [u64::MAX], i64 [i64::MIN] }
plain! { u8_fits_into_i16, Compatible, Incompatible, u8 [255], i16 [-1] }
plain! { i8_and_u8_differ_both_ways, Incompatible, Incompatible, i8 [-1], u8 [255] }
plain! { u16_fits_into_i32, Compatible, Incompatible, u16 [u16::MAX], i32 [i32::MIN] }
plain! { i32_does_not_fit_into_u16, Incompatible, Compatible, i32 [-4], u16 [4] }
plain! { u64_fits_into_u128, Compatible, Incompatible, u64 [u64::MAX], u128 [0] }
plain! { i64_fits_into_i128, Compatible, Incompatible, i64 [i64::MIN], i128 [0] }
plain! { u128_fits_itself, Compatible, Compatible, u128 [1], u128 [1] }
plain! { u128_and_i128_differ_both_ways, Incompatible, Incompatible, u128 [1], i128 [-1] }
plain! { usize_is_u64, Compatible, Compatible, usize [usize::MAX], u64 [u64::MAX] }
plain! { i64_fits_into_f64, Compatible, Incompatible, i64 [i64::MAX], f64 [0.5] }
plain! { f32_fits_into_f64, Compatible, Incompatible, f32 [f32::MAX, 0.1], f64 [f64::MAX, 1e300] }
plain! { u8_fits_into_f32, Compatible, Incompatible, u8 [255], f32 [0.5] }
plain! { non_zero_fits_into_its_width, Compatible, Incompatible,
std::num::NonZeroU32 [std::num::NonZeroU32::MIN],
u32 [0] }
plain! { non_zero_signed_fits_into_its_width, Compatible, Incompatible,
std::num::NonZeroI32 [std::num::NonZeroI32::MIN],
i32 [0] }
plain! { a_number_is_no_string, Incompatible, Incompatible, i32 [1], String [s("1")] }
plain! { a_bool_is_no_number, Incompatible, Incompatible, bool [true], u8 [1] }
plain! { an_optional_width_may_be_widened, Compatible, Incompatible,
Option<u16> [None, Some(1)],
Option<i64> [Some(-1)] }
plain! { a_width_within_an_option_counts, Incompatible, Compatible,
Option<i64> [Some(-1)],
Option<u16> [Some(1)] }
plain! { an_option_is_not_its_content, Incompatible, Compatible, Option<i32> [None], i32 [1] }
plain! { nested_options_are_one, Compatible, Compatible,
Option<Option<i32>> [None, Some(Some(1))],
Option<i32> [None, Some(1)] }
