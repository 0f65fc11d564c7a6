//! What the service conforms to. A class stands here with the test that shows it, and nowhere else.

/// Conformance classes, each with the test in `tests/` that shows it.
///
/// The version is `1.0`: clients and OGC's own suite look for exactly these.
pub(super) const CLASSES: [(&str, &str); 21] = [
    (
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
        "a_f1_the_landing_page_links_what_there_is_and_the_document_by_its_exact_type",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "a_f4_core_collections_items_and_one_feature_are_where_the_standard_has_them",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
        "a_f3_the_document_is_openapi_3_0_and_all_its_references_resolve",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
        "a_f4_features_are_geojson_with_ids_and_links",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
        "collections_items_and_a_feature_are_pages_for_those_who_browse",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
        "shapes_come_and_boxes_go_in_the_crs_that_is_named",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
        "whatever_queryables_list_can_be_asked_for_in_a_filter_and_nothing_else",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
        "every_queryable_with_one_value_is_a_parameter",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
        "a_filter_over_blocks_is_what_plain_rust_would_choose",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
        "a_filter_over_incidents_is_what_plain_rust_would_choose",
    ),
    (
        "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
        "a_filter_over_incidents_is_what_plain_rust_would_choose",
    ),
    (
        "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
        "a_filter_over_incidents_is_what_plain_rust_would_choose",
    ),
    (
        "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
        "a_filter_over_incidents_is_what_plain_rust_would_choose",
    ),
    (
        "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
        "a_filter_over_blocks_is_what_plain_rust_would_choose",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
        "a_t4_an_empty_tile_is_204_one_outside_the_matrix_404_and_junk_400",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
        "a_t7_tile_sets_are_found_from_the_collection_by_their_links",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
        "a_t7_tile_sets_are_found_from_the_collection_by_their_links",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
        "a_t7_tile_sets_are_found_from_the_collection_by_their_links",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
        "a_t7_tile_sets_are_found_from_the_collection_by_their_links",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
        "a_t2_tiles_are_of_version_2_with_valid_polygons_wound_right_within_the_buffer",
    ),
    (
        "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
        "the_schema_names_every_field_of_every_view_with_its_type",
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_f4_every_class_that_is_claimed_has_a_test_of_that_name() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let folders = [tests.clone(), tests.join("laws")];
        let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("tests"));
        let texts: Vec<String> =
            files.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok()).collect();
        for (class, test) in CLASSES {
            assert!(class.contains("/1.0/conf/"), "{class}");
            let name = format!("fn {test}(");
            assert!(texts.iter().any(|text| text.contains(&name)), "{class} is shown by no test {test}");
        }
    }
}
