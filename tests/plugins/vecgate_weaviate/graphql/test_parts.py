from __future__ import annotations

from typing import Any

import pytest
from tests.support.weaviate_graphql import UUID, judged, operations, read, sent, steering

from vecgate.errors import Refusal
from vecgate.operations.model import Risk, Scope
from vecgate.reasons import Reason

LONG = [0.25] * 300


def get(arguments: str = "", selected: str = "title", name: str = "Article") -> str:
    return f"{{Get{{{name}{f'({arguments})' if arguments else ''}{{{selected}}}}}}}"


def aggregate(arguments: str = "", selected: str = "meta{count}") -> str:
    return f"{{Aggregate{{Article{f'({arguments})' if arguments else ''}{{{selected}}}}}}}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (get(), [("read", ("Article",))]),
        (get(name="article"), [("read", ("Article",))]),
        (get(name="x:Secret"), [("read", ("Secret",))]),
        (get('tenant:"t1"'), [("read", ("Article/t1",))]),
        (get("nearVector:{vector:[1,2]}"), [("search", ("Article",))]),
        (get('bm25:{query:"x"}'), [("search", ("Article",))]),
        (get('hybrid:{query:"x"}'), [("search", ("Article",))]),
        (get('nearText:{concepts:"x"}'), [("search", ("Article",))]),
        (get('nearImage:{image:"x"}'), [("search", ("Article",))]),
        (get('ask:{question:"x"}'), [("search", ("Article",))]),
        (get(f'nearObject:{{id:"{UUID}"}}'), [("search", ("Article",))]),
        ("{Get{A{a} B{b}}}", [("read", ("A",)), ("read", ("B",))]),
        ("{Get{A{a}} Aggregate{B{meta{count}}}}", [("read", ("A",)), ("read", ("B",))]),
        ("{x:Get{y:A{a}} z:Get{w:B{b}}}", [("read", ("A",)), ("read", ("B",))]),
        ("{Get{...f}}fragment f on GetObjectsObj{Secret{a}}", [("read", ("Secret",))]),
        ("{Get{Secret{...f}}}fragment f on Secret{a}", [("read", ("Secret",))]),
        (aggregate(), [("read", ("Article",))]),
        (aggregate("nearVector:{vector:[1,2]}"), [("read", ("Article",)), ("search", ("Article",))]),
        ("{Explore(nearVector:{vector:[1,2]}){beacon}}", [("search", ("**",))]),
        (get(selected="ref{... on Other{x}}"), [("read", ("Article",)), ("read", ("Other",))]),
        (
            get(selected="ref{... on Other{x ref2{... on Third{y}}}}"),
            [("read", ("Article",)), ("read", ("Other",)), ("read", ("Third",))],
        ),
        (
            get('tenant:"t1"', "ref{... on Other{x}}"),
            [("read", ("Article/t1",)), ("read", ("Other", "Other/t1"))],
        ),
        (
            get('where:{path:["ref","Secret","ssn"] operator:Equal valueText:"1"}'),
            [("read", ("Article",)), ("read", ("Secret",))],
        ),
        (
            get('where:{path:["ref","secret","ssn"] operator:Equal valueText:"1"}'),
            [("read", ("Article",)), ("read", ("Secret",))],
        ),
        (
            get(f'nearObject:{{beacon:"weaviate://localhost/Secret/{UUID}"}}'),
            [("search", ("Article",)), ("read", ("Secret",))],
        ),
        (
            get(
                f'nearText:{{concepts:["x"] moveTo:{{force:1 objects:[{{beacon:"weaviate://localhost/Secret/{UUID}"}}]}}}}'
            ),
            [("search", ("Article",)), ("read", ("Secret",))],
        ),
        (
            get(selected="_additional{group{hits{ref{... on Secret{x}}}}}"),
            [("read", ("Article",)), ("read", ("Secret",))],
        ),
    ],
    ids=range(27),
)
def test_every_collection_that_a_query_reaches_is_judged(query: str, expected: list[tuple[str, Any]]) -> None:
    assert judged(query) == expected


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (get('where:{path:["a"] operator:Equal valueText:"x"}'), ("a",)),
        (get('where:{path:"a" operator:Equal valueText:"x"}'), ("a",)),
        (get('where:{path:["A"] operator:IsNull valueBoolean:true}'), ("a",)),
        (get('where:{path:["len(a)"] operator:GreaterThan valueInt:3}'), ("a",)),
        (get('where:{path:["cars.make"] operator:Equal valueText:"x"}'), ("cars.make",)),
        (get('where:{path:["cars[1].make"] operator:Equal valueText:"x"}'), ("cars.make",)),
        (get('where:{path:["_id"] operator:Equal valueText:"x"}'), ()),
        (get('where:{path:["id"] operator:ContainsAny valueText:["x","y"]}'), ()),
        (get('where:{path:["_creationTimeUnix"] operator:LessThan valueDate:"x"}'), ()),
        (
            get(
                'where:{operator:And operands:[{path:["a"] operator:Equal valueInt:1},'
                '{operator:Or operands:[{operator:Not operands:{path:["b"] operator:Like valueText:"x*"}}]}]}'
            ),
            ("a", "b"),
        ),
        (
            get(
                'where:{path:["geo"] operator:WithinGeoRange valueGeoRange:'
                "{geoCoordinates:{latitude:1.5 longitude:2} distance:{max:10}}}"
            ),
            ("geo",),
        ),
        (get('sort:[{path:["a"] order:asc},{path:["b"]}]'), ("a", "b")),
        (get('sort:{path:"a"}'), ("a",)),
        (get('groupBy:{path:["a"] groups:2 objectsPerGroup:3}'), ("a",)),
        (get('bm25:{query:"x"}'), ("*",)),
        (get('bm25:{query:"x" properties:[]}'), ("*",)),
        (get('bm25:{query:"x" properties:["a^2","b"]}'), ("a", "b")),
        (get('hybrid:{query:"x"}'), ("*",)),
        (get('hybrid:{query:"x" properties:["a^3"]}'), ("a",)),
        (get("hybrid:{vector:[1,2]}"), ()),
        (get('ask:{question:"x"}'), ("*",)),
        (get('ask:{question:"x" properties:["a"]}'), ("a",)),
        (
            get(selected='_additional{generate(singleResult:{prompt:"say {ssn} and {  b }"}){singleResult}}'),
            ("ssn", "b"),
        ),
        (get(selected='_additional{generate(groupedResult:{task:"x"}){groupedResult}}'), ("*",)),
        (get(selected='_additional{generate(groupedResult:{task:"x" properties:["a"]}){groupedResult}}'), ("a",)),
        (
            get(
                selected='_additional{generate(singleResult:{prompt:"x" openai:{model:"m" imageProperties:["photo"]}})'
                "{singleResult openai{usage{total_tokens}}}}"
            ),
            ("photo",),
        ),
        (get(selected='_additional{rerank(property:"a" query:"x"){score}}'), ("a",)),
        (get(selected='_additional{summary(properties:["a"]){result}}'), ("a",)),
        (get(selected="_additional{summary{result}}"), ("*",)),
        (get(selected='_additional{tokens(properties:["a"] limit:1){word}}'), ("a",)),
        (get(selected="_additional{interpretation{source{concept}}}"), ("*",)),
        (aggregate(selected="ssn{topOccurrences{value}}"), ("ssn",)),
        (aggregate(selected="x:ssn{count}"), ("ssn",)),
        (aggregate('groupBy:["a"]', "groupedBy{value}"), ("a",)),
        (aggregate('groupBy:"a"', "meta{count}"), ("a",)),
        (aggregate('where:{path:["a"] operator:Equal valueText:"x"}'), ("a",)),
        (aggregate('hybrid:{query:"x"}'), ("*",)),
        (get('where:{path:["ref"] operator:Equal valueInt:0}'), ("ref",)),
    ],
    ids=range(38),
)
def test_every_property_that_steers_is_seen(query: str, fields: tuple[str, ...]) -> None:
    assert steering(query).get("Article", ()) == fields


def test_a_path_through_references_steers_each_collection_by_its_own_properties() -> None:
    query = get('where:{path:["ref","Other","len(ref2)"] operator:Equal valueInt:1}')
    assert steering(query) == {"Article": ("ref",), "Other": ("ref2",)}


def test_aliases_do_not_hide_what_steers() -> None:
    query = '{Get{x:Article(bm25:{query:"q" properties:["ssn"]}){title:body}}}'
    assert steering(query) == {"Article": ("ssn",)}


@pytest.mark.parametrize(
    "arguments",
    [
        "nearVector:{vector:[1] certainty:0.5}",
        "nearVector:{vector:[1] distance:0}",
        f'nearObject:{{id:"{UUID}" distance:0.5}}',
        'nearText:{concepts:"x" certainty:0.5}',
        'nearImage:{image:"x" distance:1}',
        'nearAudio:{audio:"x" distance:1}',
        'nearVideo:{video:"x" distance:1}',
        'nearDepth:{depth:"x" distance:1}',
        'nearThermal:{thermal:"x" distance:1}',
        'nearIMU:{imu:"x" distance:1}',
        'hybrid:{query:"x" maxVectorDistance:0.3}',
        "hybrid:{searches:[{nearVector:{vector:[1] distance:0.3}}]}",
        'hybrid:{searches:{nearText:{concepts:["x"] certainty:0.3}}}',
        'ask:{question:"x" certainty:0.5}',
        "nearVector:{vector:[1]} autocut:1",
        "group:{type:merge force:0.1}",
    ],
)
def test_thresholds_steer_by_scores(arguments: str) -> None:
    assert operations(get(arguments))[0].scores_steer
    assert not operations(get("nearVector:{vector:[1]} autocut:-1"))[0].scores_steer


@pytest.mark.parametrize(
    ("selected", "vectors"),
    [
        ("title", False),
        ("_additional{id distance}", False),
        ("_additional{vector}", True),
        ("x:_additional{y:vector}", True),
        ("_additional{vectors{title}}", True),
        ("_additional{featureProjection(dimensions:2){vector}}", True),
        ("_additional{nearestNeighbors{neighbors{concept}}}", True),
        ("_additional{semanticPath{path{concept}}}", True),
        ("_additional{interpretation{source{weight}}}", True),
        ("_additional{group{hits{_additional{vector}}}}", True),
        ("_additional{...{vector}}", True),
    ],
)
def test_vectors_are_seen_wherever_they_are_asked_for(selected: str, vectors: bool) -> None:
    fragments = f"{{Get{{Article{{...f}}}}}}fragment f on Article{{...g}}fragment g on Article{{{selected}}}"
    for query in (get(selected=selected), fragments):
        assert operations(query)[0].vectors is vectors


def test_vectors_of_a_reference_are_the_other_collections() -> None:
    article, other = operations(get(selected="ref{... on Other{_additional{vector}}}"))
    assert (article.vectors, other.vectors, other.points) == (False, True, None)


@pytest.mark.parametrize(
    ("query", "risks"),
    [
        (get(), ()),
        (get('nearText:{concepts:"x"}'), ()),
        (get('ask:{question:"x" properties:["a"]}'), (Risk.EGRESS,)),
        (get(selected='_additional{generate(singleResult:{prompt:"x"}){singleResult}}'), (Risk.EGRESS,)),
        (get(selected='_additional{rerank(property:"a"){score}}'), (Risk.EGRESS,)),
        (get(selected="_additional{tokens{word}}"), (Risk.EGRESS,)),
    ],
)
def test_what_goes_to_a_model_leaves_the_database(query: str, risks: tuple[Risk, ...]) -> None:
    assert operations(query)[0].risks == risks


@pytest.mark.parametrize(
    ("arguments", "exports"),
    [
        ("", False),
        ("limit:1000", False),
        ("limit:1001", True),
        ("limit:-1", True),
        (f'after:"{UUID}"', True),
        ('after:""', False),
        ("nearVector:{vector:[1] distance:0.5}", True),
    ],
)
def test_reading_it_all_is_an_export(arguments: str, exports: bool) -> None:
    assert (Risk.BULK_EXPORT in operations(get(arguments))[0].risks) is exports


@pytest.mark.parametrize(
    ("arguments", "points"),
    [
        ("", 100),
        ("limit:7", 7),
        ("limit:0", 0),
        ("limit:-1", None),
        ("offset:5", 100),
        (f'after:"{UUID}" limit:3', 3),
        ("nearVector:{vector:[1] distance:0.5}", None),
        ("nearVector:{vector:[1] distance:0.5} limit:5", 5),
        ('groupBy:{path:["a"] groups:2 objectsPerGroup:3}', 8),
    ],
)
def test_points_are_what_comes_back_at_most(arguments: str, points: int | None) -> None:
    assert operations(get(arguments))[0].points == points


def test_a_query_that_asks_of_no_collection_is_for_whoever_may_connect() -> None:
    (one,) = operations("{__typename}")
    assert (one.scope, one.resources) == (Scope.SERVICE, ())


def test_every_collection_counts_as_one_query() -> None:
    query = "{Get{" + " ".join(f"a{n}:Article{{title ref{{... on B{{x}}}}}}" for n in range(20)) + "}}"
    assert sum(one.count for one in operations(query)) == 20


INTROSPECTION = "{__schema{types{name}}}"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (INTROSPECTION, Reason.UNKNOWN_OPERATION),
        ('{__type(name:"Secret"){fields{name}}}', Reason.UNKNOWN_OPERATION),
        ("{x:__schema{types{name}}}", Reason.UNKNOWN_OPERATION),
        ("{Get{A{a}} ...f}fragment f on WeaviateObj{__schema{types{name}}}", Reason.UNKNOWN_OPERATION),
        ("{Get{A{__schema{types{name}}}}}", Reason.UNKNOWN_OPERATION),
        ("{Merge{A{a}}}", Reason.UNKNOWN_OPERATION),
        ("mutation{Get{A{a}}}", Reason.UNKNOWN_OPERATION),
        ("subscription{Get{A{a}}}", Reason.UNKNOWN_OPERATION),
        ("{Get(limit:1){A{a}}}", Reason.UNKNOWN_MEMBER),
        ("{Get}", Reason.BAD_BODY),
        ("{Get{A}}", Reason.BAD_BODY),
        ("{Get{A{a @skip(if:true)}}}", Reason.BAD_BODY),
        ("{Get{_A{a}}}", Reason.BAD_BODY),
        ("{Get{A(x:1){a}}}", Reason.UNKNOWN_MEMBER),
        ("{Get{A(nearVector:{vector:[1] x:1}){a}}}", Reason.UNKNOWN_MEMBER),
        ('{Get{A(limit:"1"){a}}}', Reason.BAD_BODY),
        ("{Get{A(limit:99999999999){a}}}", Reason.BAD_BODY),
        ('{Get{A(tenant:"a/b"){a}}}', Reason.BAD_BODY),
        ('{Get{A(tenant:"*"){a}}}', Reason.BAD_BODY),
        ('{Get{A(tenant:""){a}}}', Reason.BAD_BODY),
        ("{Get{A(where:{operator:Nope}){a}}}", Reason.BAD_BODY),
        ('{Get{A(where:{path:["a"]}){a}}}', Reason.BAD_BODY),
        ('{Get{A(where:{path:["a","B"] operator:Equal}){a}}}', Reason.BAD_BODY),
        ('{Get{A(where:{path:["a","B/c","d"] operator:Equal}){a}}}', Reason.BAD_BODY),
        ('{Get{A(where:{path:["a","**","d"] operator:Equal}){a}}}', Reason.BAD_BODY),
        ('{Get{A(nearObject:{beacon:"weaviate://localhost/x"}){a}}}', Reason.BAD_BODY),
        (f'{{Get{{A(nearObject:{{beacon:"weaviate://localhost/{UUID}"}}){{a}}}}}}', Reason.BAD_BODY),
        (f'{{Get{{A(nearObject:{{beacon:"weaviate://other/B/{UUID}"}}){{a}}}}}}', Reason.BAD_BODY),
        ("{Get{A{a(x:1)}}}", Reason.UNKNOWN_MEMBER),
        ("{Get{A{_additional}}}", Reason.BAD_BODY),
        ("{Get{A{_additional{nothing}}}}", Reason.UNKNOWN_MEMBER),
        ("{Get{A{_additional{vector{x}}}}}", Reason.BAD_BODY),
        ("{Get{A{_additional{vectors}}}}", Reason.BAD_BODY),
        ("{Get{A{_additional{generate{singleResult}} a{_additional{vector}}}}}", Reason.UNKNOWN_OPERATION),
        (
            '{Get{A{_additional{generate(singleResult:{prompt:"x" openai:{baseURL:"http://e"}}){singleResult}}}}}',
            Reason.UNKNOWN_MEMBER,
        ),
        (
            '{Get{A{_additional{generate(groupedResult:{task:"x" aws:{region:"e"}}){groupedResult}}}}}',
            Reason.UNKNOWN_MEMBER,
        ),
        ("{Get{A{_additional{generate{nothing}}}}}", Reason.UNKNOWN_MEMBER),
        ("{Get{A{_additional{rerank{score}}}}}", Reason.BAD_BODY),
        ("{Get{A{ref{... on Beacon{beacon}}}}}", Reason.BAD_BODY),
        ("{Get{A{ref{x ... on B{b}}}}}", Reason.BAD_BODY),
        ("{Get{A{... on B{b}}}}", Reason.BAD_BODY),
        ("{Get{A{o{p{... on B{b}}}}}}", Reason.BAD_BODY),
        ("{Get{A{o{x:p{a} y:p{b}}}}}", Reason.BAD_BODY),
        ("{Get{A{x:p{a} y:p{b}}}}", Reason.BAD_BODY),
        ("{Get{A{x:p{a} y:p}}}", Reason.BAD_BODY),
        ("{Get{A{x:p y:p{a}}}}", Reason.BAD_BODY),
        ('{Get{A(nearObject:{id:"Secret/' + UUID + '"}){a}}}', Reason.BAD_BODY),
        ('{Get{A(nearObject:{id:"x"}){a}}}', Reason.BAD_BODY),
        ('{Get{A(nearText:{concepts:"x" moveTo:{force:1 objects:{id:"Secret/x"}}}){a}}}', Reason.BAD_BODY),
        ('{Get{A(after:"x"){a}}}', Reason.BAD_BODY),
        ("{Aggregate{A{a}}}", Reason.BAD_BODY),
        ("{Aggregate{A{a{nothing}}}}", Reason.UNKNOWN_MEMBER),
        ("{Aggregate{A{meta{count x}}}}", Reason.UNKNOWN_MEMBER),
        ('{Aggregate{A(bm25:{query:"x"}){meta{count}}}}', Reason.UNKNOWN_MEMBER),
        ("{Aggregate{A{a{topOccurrences(offset:1){value}}}}}", Reason.UNKNOWN_MEMBER),
        ("{Explore(nearVector:{vector:[1]}){vector}}", Reason.UNKNOWN_MEMBER),
        ("{Explore(where:{operator:And}){beacon}}", Reason.UNKNOWN_MEMBER),
    ],
    ids=range(57),
)
def test_what_is_not_known_is_refused(query: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        read(query)
    assert refused.value.reason is reason


def test_evidence_holds_no_vector_and_no_value_of_another_collection() -> None:
    query = (
        'query($v:[Float] $p:[String]){Get{A(nearVector:{vector:$v} where:{path:$p operator:Equal valueText:"x"}){a}}}'
    )
    near, far = (operations(query, variables={"v": LONG, "p": path})[0].query for path in (["a"], ["r", "B", "c"]))
    assert near["where"] == {"path": ["a"], "operator": "Equal", "valueText": "x"}
    assert far["where"] == {"path": ["r", "B", "c"], "operator": "Equal"}
    assert near["nearVector"]["vector"]["dimension"] == 300
    assert "0.25" not in str(near["nearVector"])


@pytest.mark.parametrize(
    "query",
    [
        get('tenant:"t" where:{path:["r","other","p"] operator:Equal valueText:["x"]} limit:3', "r{... on other{x}}"),
        get("nearVector:{vector:[1,2] targets:{combinationMethod:manualWeights weights:{a:1.5}}}", "a"),
        get("nearVector:{vectorPerTarget:{path:[1,2] beacon:[[1],[2]]}}", "a"),
        get('sort:{path:"a" order:desc} consistencyLevel:QUORUM', "o{p{q}} _additional{group{hits{a}}}"),
        aggregate('nearText:{concepts:["x"]} objectLimit:3', "a{topOccurrences(limit:1){value}}"),
        "{Explore(nearVector:{vector:[1,2]} limit:2){beacon}}",
    ],
)
def test_what_is_sent_is_judged_as_what_was_asked(query: str) -> None:
    first = read(query)
    assert read(first.document["query"]).operations == first.operations
    again = sent(query).replace("vecgate_own_", "own_")
    assert [one.resources for one in read(again).operations] == [one.resources for one in first.operations]
    assert [one.fields_used for one in read(again).operations] == [one.fields_used for one in first.operations]


@pytest.mark.parametrize("root", ["Get", "Aggregate"])
def test_a_filter_compares_with_one_value(root: str) -> None:
    several = '{operator:Equal,path:["a"],valueText:"x",valueInt:1}'
    fields = "a" if root == "Get" else "meta{count}"
    for where in (several, f"{{operator:And,operands:[{several}]}}"):
        with pytest.raises(Refusal) as caught:
            operations(f"{{{root}{{Docs(where:{where}){{{fields}}}}}}}")
        assert caught.value.reason == "bad_body"
    assert operations(f'{{{root}{{Docs(where:{{operator:Equal,path:["a"],valueText:"x"}}){{{fields}}}}}}}')
