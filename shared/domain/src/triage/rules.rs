//! What customers say when they complain, in German and English. This is the file to change when complaints are sorted
//! wrongly; `pattern.rs` says how patterns are written, `tests/triage/README.md` how a change is measured.
//!
//! Words are compared in lower case, with ä as ae, ö as oe, ü as ue and ß as ss, without apostrophes. Commas and lines
//! part patterns. Beware of words that mean something else in the other language: `gift`, `brand`, `not`, `die`, `fast`,
//! `bad`, `arm`, `rat`, `war`, `was`, `also`.

use crate::case::Category::{self, Conduct, Damage, Delay, LockerFault, Missing, Other, PrivacyOrSafety, WrongPlace};

/// What a rule makes of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It is about that.
    Is(Category),
    /// It may be about that: with another hint, another reason or a bad rating it is.
    Hints(Category),
    /// It is grave, whatever it is about.
    Grave,
    /// These words, together, are no complaint: none of them counts for anything else.
    Nothing,
}

/// What is said, and how people say it.
pub struct Rule {
    pub says: Says,
    pub patterns: &'static str,
}

/// Words that stand for the same thing, as `@name` in patterns.
pub const GROUPS: &[(&str, &str)] = &[
    (
        "not",
        "nicht nich net ned nie niemals nimmer nichts nix nada kein keine keinen keinem keiner keinerlei niemand \
        no not never none nothing nobody dont doesnt didnt wasnt isnt arent hasnt havent hadnt wont wouldnt cant \
        couldnt cannot dosnt dosent zilch without ohne weder neither",
    ),
    (
        "driver",
        "*fahrer *fahrerin *bote *boten *botin *zusteller *zustellerin kurier* lieferant* postmann *mann \
        driver* courier* postman mailman postie carrier rider deliverer delivery typ kerl guy dude man",
    ),
    (
        "parcel",
        "paket* *paket päck* *päckchen packerl* packet* sendung* lieferung* ware artikel* bestellung* karton* \
        *karton schachtel* kiste* inhalt* parcel* package* packag* box boxes order* item* delivery deliveries shipment* \
        goods stuff content* carton* envelope* umschlag* verpackung* umverpackung*",
    ),
    (
        "locker",
        "schrank* *schrank schränke* packstation* *station paketstation* automat* *automat kasten anlage \
        locker* lockr cabinet* machine terminal* unit gerät",
    ),
    (
        "door",
        "tür* türe fach* *fach fächer* klappe* tuer* door* compartment* flap* latch* drawer* schloss* *schloss \
        riegel* lock schließfach* schließfäch* cubby box*",
    ),
    (
        "screen",
        "display* bildschirm* monitor* screen* touchscreen* touch tastatur* keypad* tastenfeld* scanner* scan \
        lesegerät* leser kamera reader* button* knopf tasten",
    ),
    ("code", "code* *code pin qr barcode* strichcode* abholcode* öffnungscode*"),
    (
        "dead",
        "klemm* klemt verklemm* jam* stuck defekt* kaputt* kaput broken broke brocken tot dead schwarz black \
        frozen froze eingefroren hängt hing hängen spinnt spinnen offline störung* blockier* blocked abgestürzt \
        crashed gesperrt hakt unresponsive dunkel blank flackert flicker* faulty malfunction* aussetzer streikt \
        stromlos verbogen glitch*",
    ),
    (
        "body",
        "hand hands hände finger fingers fingern daumen arms kopf bein beine leg legs fuß füße foot feet knie \
        knee auge augen eye eyes haut skin gesicht face thumb head rücken toe zeh wrist handgelenk",
    ),
    (
        "child",
        "kind kinder kid kids child children son sohn daughter tochter baby junge mädchen girl boy wife frau \
        husband mann mutter mother oma opa dog hund mum mom dad vater enkel",
    ),
    ("me", "me mich mir my mein meine meinen meiner meinem us uns him her ihn"),
    (
        "data",
        "name namen nachname adresse* anschrift* telefonnummer* handynummer* nummer address* phone number data \
        daten ausweis* passport* id perso personalausweis details unterschrift signature email mail",
    ),
    (
        "others",
        "fremd* ander* jemand* somebody someone anyone everyone everybody anybody jeder jeden alle allen \
        strangers other others another public öffentlich",
    ),
    (
        "time",
        "tag tage tagen tages woche wochen monat monate monaten stunde stunden h day days week weeks month months \
        hour hours minuten minutes",
    ),
    (
        "weekday",
        "montag* dienstag* mittwoch* donnerstag* freitag* samstag* sonntag* monday* tuesday* wednesday* \
        thursday* friday* saturday* sunday* gestern vorgestern yesterday heute morgen today tomorrow uhr oclock",
    ),
    (
        "number",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 20 21 24 30 ein eine einer einen eines zwei drei vier fünf sechs \
        sieben acht neun zehn elf zwölf mehrere mehreren paar a an one two three four five six seven eight nine ten \
        eleven twelve several couple few",
    ),
    (
        "ordinal",
        "dritte* vierte* fünfte* sechste* siebte* achte* neunte* zehnte* xte* zigste* third fourth fifth sixth \
        seventh eighth ninth tenth umpteenth 3rd 4th 5th 6th 7th 10th",
    ),
    (
        "came",
        "kam kamen gekommen da geliefert angekommen ankam gebracht zugestellt came arrived arrive come turned showed here \
        delivered got",
    ),
    (
        "got",
        "angekommen angekomm* angekomen ankommen erhalten bekommen bekam bekamen gekriegt kriegt receive* recieve* arrived arrive \
        arrives eingetroffen eingegangen aufgetaucht gesehen",
    ),
    (
        "rang",
        "geklingel* klingel* klingl* geläutet läutet läuten geklopft klopf* ring rang ringing rung knock* buzz* bell \
        doorbell",
    ),
    (
        "threw",
        "geworfen werf* wirft warf schmiss schmeißt schmeiß* geschmissen hingeschmissen hingeworfen \
        reingeworfen reingeschmissen geschleudert gepfeffert gekickt threw thrown throw* toss* chuck* hurl* kick* flung slung \
        geknallt hingeknallt",
    ),
    ("photo", "photo* foto* fotograf* abfotograf* picture* pictures filmed gefilmt film* selfie"),
    (
        "elsewhere",
        "adresse* anschrift* ort haus hausnummer station* packstation* schrank* *schrank locker* filiale* \
        stadt fach compartment* door tür* platz straße stockwerk etage address* house place location city number \
        building street flat apartment floor shop branch town depot",
    ),
];

/// Words that deny what stands behind them.
pub const DENYING: &str = "nicht nich net ned nie niemals nix nichts kein keine keinen keinem keiner keinerlei weder \
    ohne not no never none nothing nobody dont doesnt didnt wasnt isnt arent werent hasnt havent hadnt without neither nor \
    niemand hardly kaum";

/// Words beyond which a denial does not reach: "nicht nur", "nie so unfreundlich", "don't know why", "not the first time".
pub const NOT_DENIED_BEYOND: &str = "aber sondern doch nur but however only just though so such solch solche solchen \
    derart warum wieso weshalb why how wie dass because weil als than zum erste ersten erstes first instead except \
    ausser except halt einfach simply mal merely bloss";

/// Words that may stand between something and its denial: "kaputt war es zum Glück nicht".
pub const TAKEN_BACK_BY: &str = "war waren ist sind wurde kam es er sie das gar jedenfalls wenigstens immerhin zum glueck \
    ueberhaupt hat wirklich was it is at all";

/// Words that are right as they are, and no mistaken form of one that rules name.
pub const NO_MISTAKES: &str = "gerochen schaemen versetzt versetzte versetzten gelegen gezogen geflogen abgefahren attached strange \
    stronger halfway writing gewertet verlogen gerichtet berichtet geworben kratzen verlegt gestuetzt umgefallen bestohlen verschroben \
    befoerdert befoerderung befoerdern bestaetigt bestaetigung changed through mission scatter scattered gespraech gesprochen";

/// The rules. Their order says nothing.
pub const RULES: &[Rule] = &[
    // Somebody's health, safety or data. These words go before all others.
    Rule {
        says: Says::Is(PrivacyOrSafety),
        patterns: "
            verletz*, verletzung*, injur*, hurt myself, hurt .. @me, hurt .. @child, got hurt, been hurt
            blute*, blutet*, geblutet, blutig*, blutung*, bleed*, bled, stitches, genäht, krankenhaus, notaufnahme, hospital
            emergency room, ambulance, notarzt, rettungswagen, krankenwagen
            @body .. geschnitten|aufgeschnitten|eingeklemmt|geklemmt|gequetscht|eingequetscht|verbrannt|verätzt|gebrochen
            @body .. burn*|brennen|brennt|trapped|caught|crushed|pinched|sliced|swollen|geschwollen
            cut .. @body, cut myself, sliced .. @body, crushed .. @body, burn* .. @body, burnt .. @body, caught .. @body
            trapped .. @body, pinched .. @body, shut .. @body, geschnitten .. @door, verbrannt .. @body, broke .. @body
            eingeklemmt .. @body|kind|sohn|tochter
            scharfkantig*, scharfe* kante*, scharfe* blech*, sharp .. edge*, sharp .. metal, razor sharp
            glasscherben .. @door|@locker, scherben .. @door, broken glass .. @door|@locker, reingefasst, hineingefasst, reingegriffen
            reached in, reached into
            stromschlag*, stromschläge, elektrischen schlag, unter strom, kribbel*, electric shock*, electrocut*, got zapped, got shocked
            door|cabinet|locker|box .. is live, tingl*, kabel .. offen|blank|hängen, exposed wir*, bare wir*, live wir*
            funken, funkt, sparks, sparking, sparked, rauch, qualm*, rauchentwicklung, smoke, smok* .. @parcel|@locker|battery
            @parcel|@locker|battery|akku .. raucht|rauchte|smoking|smoked|smoulder*
            feuer, flammen, brannte, gebrannt, angebrannt, brandgeruch, brandgefahr, explo*, on fire, caught fire, flames
            verbrannt* plastik|gummi|kunststoff, burning smell, smell* .. burnt|burning, burned, überhitz*, overheat*, battery .. hot|leak*
            akku .. heiß|ausgelaufen, ätz*, säure*, acid, corrosive, giftig*, poison*, toxic*, chemikalie*, chemical*, gasgeruch, gas leak
            smell of gas, fumes, dämpfe
            überfahren, umgefahren, angefahren, ran over, run over, knocked .. over|down, nearly hit, almost hit, hit .. @child
            droh*, bedroh*, gedroht, androh*, angedroht, threat*, weiß .. wo ich wohne, knows .. where .. live
            geschubst, weggeschubst, geschupst, schubste, gepackt .. @me, @me .. gepackt, am arm .. gepackt|gezogen|gezerrt
            angegriffen, tätlich*, handgreiflich*, gewalttätig*, gewürgt, verprügelt, geohrfeigt, angespuckt, mich .. geschlagen|getreten|gestoßen
            schlug .. mich|mir|meinen, hit me, punch*, pushed me, shoved me, grabbed .. my|me, assault*, attacked, slapped, spat .. me, violent*
            belästig*, sexuell*, sexual*, harass*, stalk*, anzüglich*, begrapscht, betatscht, groped, asking .. out, asked .. out, catcall*
            nachgestellt, folgt mir, verfolgt mich, followed me, following me
            woher .. nummer, how .. number, where .. get .. number, whatsapp, texted, privately, privat .. angeschrieben|geschrieben|angerufen
            messaged .. @me|@child, schrieb .. mir privat, mir .. nachts|privat .. geschrieben|angerufen
            walked|came|went|entered .. into|in|inside .. my .. flat|house|apartment|home|kitchen|hallway, right into my
            let himself in, plötzlich .. wohnzimmer|wohnung|flur|küche, @driver .. in|durch .. meiner|meinem|meine|unserer wohnung|wohnzimmer|küche|schlafzimmer, just walked in, opened my door, opened .. front door
            ungefragt .. wohnung|haus, eingedrungen, trespass*
            datenschutz*, dsgvo, gdpr, privacy, data protection, data breach*, data leak*, datenleck*, datenpanne, personal data, persönliche* daten
            personenbezogen*, meine daten, my data, my personal, identity theft, identitätsdiebstahl
            @data .. sichtbar|lesbar|einsehbar|visible|displayed|öffentlich|public|readable|exposed, @data .. for everyone|anyone|all
            @data .. für alle|jeden|jedermann, @data .. @others kunde*|customer*, visible .. @others, readable .. @others, sichtbar .. @others, lesbar .. @others
            see|sehe|seh|sieht|sehen .. @others .. @data|bestellungen|orders|kunden|customer*
            see|sehe|sehen .. bestellungen|orders|namen|names|addresses|adressen .. @others
            @others .. mail|email|sms|nachricht|message .. my|meinem|meinen|meiner, @others .. my|mein|meinen|meinem|meine .. code|abholcode|pin|name|daten|data|adresse|address
            code|abholcode|pin .. @others .. geschickt|gesendet|sent
            @photo .. ausweis*|passport*|id|perso|license|licence|führerschein|mich|me|@child|wohnung|house|flat
            ausweis*|passport*|perso|id .. @photo, @child .. @photo, takes pictures of, took pictures of me
            stichflamme*, flame, loud bang, lauter knall, kabel .. raus|heraus, cable .. out|sticking, loose cable*, lose* kabel, stirn, forehead, an die schläfe, ohnmächtig, fainted, allerg*
            my ex, mein* ex, exmann*, exfrau*, ex husband, ex wife, ex boyfriend, restraining order, kontaktverbot
            hit .. @child, luftkuss, blew .. kiss, wolf whistle*, hinterhergepfiffen, nachgepfiffen
            gefährlich*, dangerous*, lebensgefahr*, health hazard, safety hazard, unsafe, hazard*, stolper*, tripp*, gestürzt, fell over
        ",
    },
    Rule { says: Says::Hints(PrivacyOrSafety), patterns: "arzt, doctor, angst, afraid, scared, heiß, police, polizei, gehweg, pavement" },
    // Parcel or contents are not there.
    Rule {
        says: Says::Is(Missing),
        patterns: "
            @not .. @got, @not gekommen|come, gähnende leere, nothing but air, nur luft, only air, nie gekommen, nie .. geliefert, never .. delivered|came|come|turned|showed, didnt get, havent got
            never got, got nothing, got zilch, got nada, nothing .. arrived|came|inside|in it, nothing in the, nichts drin, nix drin, nichts .. drin|da|dabei
            nicht .. drin, not .. in it, not in the, war nicht da, wasnt there, isnt there, not there, nicht im fach|schrank
            @door|@locker|@parcel|briefkasten|mailbox|hülle|tüte .. leer|leere*|empty, empty box|locker|compartment|package|parcel|envelope
            leere* fach|schachtel|karton|paket|schrank
            fehlt*, fehlen*, fehlend*, missing, unvollständig*, incomplete, unvollstaendig
            verschwund*, verschwand, verschwinden, vanish*, disappear*, unauffindbar*, verschollen*, abhanden*, spurlos, no trace, nowhere .. found|seen
            verloren*, verlorn*, verlust*, lost, weg .. einfach weg, einfach weg, ist weg, sind weg, war weg, alles weg, is gone, are gone, was gone, gone missing
            just gone, phone|something|everything|parcel|package|present|stuff|@parcel gone, simply gone
            gestohl*, geklaut*, klaut*, klaute*, diebstahl*, dieb, diebe, entwendet*, beraubt, beklaut, unterschlag*, eingesteckt
            stole, stolen, steal*, theft, thief, thiev*, robbed, nicked, pinched, pilfer*
            removed from, rausgenommen, entnommen, sind raus, ist raus
            nur|only|just .. ein|eine|einer|eins|one|half|hälfte|zwei|two .. gekommen|angekommen|turned|arrived|came|da|drin|dabei|im paket
            @number .. eins|one .. gekommen|arrived|fehlt, one turned up, eins gekommen, zwei .. eins
            angeblich|supposedly|allegedly|apparently .. zugestellt|delivered|abgegeben|geliefert|übergeben|collected|abgeholt|signed|ausgeliefert
            app|tracking|status|system|it|sendungsverfolgung|page|website|mail|online .. says|sagt|steht|lautet|zeigt|shows|said|meint|marked .. delivered|deliverd|zugestellt|collected|abgeholt|geliefert|ausgeliefert|übergeben
            status .. delivered|zugestellt|deliverd|abgeholt, als zugestellt, marked .. delivered, steht .. zugestellt
            abgeholt .. nicht von|durch mir|mich, nicht von mir, not by me, wasnt me, war ich nicht
            keiner|niemand|nobody|noone .. weiß|knows .. wo|where, no one knows where, no idea where .. is, weiß niemand wo
            parcel|paket|it|es .. not here, paket ist nicht hier, ist not here, ist nicht da, bis heute .. nicht|nichts, not received
            @not .. zu gesicht, @not .. laid eyes, an wen bitte, to whom, nicht mehr auffindbar, verliert .. spur, @parcel weg, parcel|package gone, still dont have, dont have it, not to be found, cant find .. @parcel, cannot find .. @parcel, finde .. @parcel .. nicht
        ",
    },
    Rule {
        says: Says::Hints(Missing),
        patterns: "leer, empty, weg, gone, zugestellt .. nicht, where is it, wo ist es, nirgends, nowhere, half, hälfte, search*, suche, siegel, seal, forced, aufgebrochen",
    },
    // Parcel or contents are broken, wet, dirty, opened.
    Rule {
        says: Says::Is(Damage),
        patterns: "
            beschädig*, beschäd*, schaden, schäden, schadhaft*, kaputt*, kaput, kapput*, zerbroch*, zerbrach, gebrochen*, zerdrück*, zerdruckt, zerquetsch*
            eingedrück*, eingedell*, zerbeult*, verbeult*, beule*, delle*, dellen, zermatsch*, matsch*, zerfetz*, zerrissen*, zerriss, eingerissen*, aufgerissen*
            gerissen*, riss, risse, zerkratz*, kratzer*, verkratz*, scherben, splitter*, gesplittert*, zersplittert*, gesprungen*, einen sprung, nen sprung, hat .. sprung
            geplatzt*, aufgeplatzt*, geknickt*, verknickt*, verbogen*, eselsohr*, loch, löcher, zerstör*, demolier*, ruinier*, unbrauchbar*, schrott, im eimer, hinüber, zerlegt*
            lädiert*, ramponiert*, angeschlagen*, angestoßen*, abgebrochen*, auseinander, auseinandergefallen
            nass, nasse*, nasses, durchnäss*, durchweich*, feucht*, aufgeweicht*, klatschnass, pitschnass, wasserfleck*, wasserschaden, flecken, fleckig*, wasserschäden
            ausgelaufen*, ausgelaufene*, läuft aus, lief aus, tropft*, tropfte*, verschmutzt*, verdreckt*, geschmolzen*, aufgetaut*, verdorben*, verschimmel*, schimmel*, verwelkt*, welk*, verklebt*, vergammelt*
            damag*, dammag*, broken, broke, brocken, crack*, crush*, squash*, smash*, shatter*, dent, dents, dented, scratch*, torn, tear, tears, ripped, rip, chipped, bent
            crumpled, mangled, snapped, in|to pieces, in|to bits, ruined, destroyed, wrecked, unusable, falling apart, fell apart, a hole, holes, hole in, big hole, huge hole, got hole, punctur*, burst, warped
            wet, soak*, soggy, drenched, damp, moist, water stain*, stain*, water damage*, leak*, spill*, melted, spoiled, spoilt, mould*, moldy, mold, wilted, defrosted, thawed, soup
            stinkt nach, smells of, smelled of
            @parcel .. geöffnet*|opened|aufgemacht|offen|open|aufgeschnitten|aufgeschlitzt|slit|defekt*|faulty, opened and, geöffnet und, taped shut|again|up, klebeband, aufgeschlitzt*, slit open
            covered in|with, voller|voll öl|sand|schlamm|farbe|flecken, ölig*, oily, öl, durchwühlt*, rummag*, sliced open, sliced .. box|parcel|open, platt, flattened, flat as, klappert, klirrt*, rattles, bashed, battered, knocked about, sand in
            @parcel .. öl, startet nicht, wont start, wont turn on, geht nicht mehr an, @not .. zugeklebt|verklebt|taped, tape came off, aufgeschnitten, aufgerissen*
            schon offen, already open*, was opened, been opened, defektes gerät, defekte ware, keine polsterung, no padding, not padded, schlecht verpackt, badly packed
            defekt*
        ",
    },
    Rule { says: Says::Hints(Damage), patterns: "rotten, verpackung*, packaging, polster*, padding, klebt, sticky, seal, siegel, dreckig*, dirty, faul*, gequetscht*, break*, bruch" },
    // The driver behaved badly.
    Rule {
        says: Says::Is(Conduct),
        patterns: "
            unfreundlich*, unhöflich*, frech*, unverschämt*, respektlos*, beleidig*, beschimpf*, angeschrien, angeschrieen, angebrüllt, anschrei*, schreit, schrie, rumgeschrien, brüllt*, geschrien
            pampig*, patzig*, arrogant*, aggressiv*, überheblich*, herablassend*, genervt*, motzig*, motzt*, gemotzt, rumgemotzt, mault*, gemault, rumgemault, angemault, meckert*, gemeckert, angemotzt, angeblafft, blaffte, gepöbelt, pöbel*, raunz*
            @not manieren|benehmen|anstand|respekt|manners|respect, manieren, benehmen, benimmt sich, danebenbenommen, rüpel*, flegel*, unprofession*, faul, stinkfaul
            rude*, impolite*, insult*, shout*, yell*, scream*, swear*, swore, cursed, cursing, abus*, nasty, aggress*, arrogan*, disrespect*, hostile, grumpy, unprofession*, lazy, is mean, was mean, mean to, so mean, moan*, snapped at, snapped back, attitude
            manners, condescend*, patroni*, foul mouth*, racis*, rassis*, diskrimin*, discriminat*, unfriendly, snarky, sarcastic, obnoxious, ignorant*, bully*
            augen verdreht, verdreht* .. augen, rolled .. eyes, rolling .. eyes, mittelfinger, middle finger, stinkefinger, ausgelacht, auslach*, lachte mich, laughed .. me|face, laughing at
            gelogen, lügt, log mich|uns, er log, lügner*, lüge, gelogn, lügen, lied, liar, lying to|about, they are lying, he is lying, hes lying, theyre lying, lies annoy, lies .. driver, driver .. lies
            @not .. @rang, nobody rang, ohne zu klingeln, without .. ringing|knocking
            so getan .. keiner|niemand|nicht, getan als .. keiner|niemand, pretend*, behauptet .. keiner|niemand|nicht, claim* .. nobody|noone|wasnt|not, nicht angetroffen obwohl
            @threw .. @parcel|it|es|über, @parcel .. @threw, @threw, drop kick*, dropped it, dropped .. @parcel, fallen lassen, fallenlassen
            betrunken*, besoffen*, alkohol*, bekifft, drunk, alcohol, booze, stoned, rauchend*, zigarette*, cigarette*, smoking and, @driver .. raucht*|geraucht|smoking|smoked
            idiot*, arschloch, asshole, bitch, moron, dumme* kuh, trottel, depp, blöd* .. genannt|kuh, called me, called my, nannte mich, genannt
            geduzt, duzt*, @not .. gegrüßt|grüßt|hallo|hello|guten|danke|thank*|bitte|sorry|word, @not say hello|hi, knallt*, zugeknallt, slammed
            einfahrt, driveway*, parkt*, zugeparkt, zuparken, parked .. drive*|front|blocking, blocks my, raste, gerast, rast durch, speeding, drives like, fährt wie, drove like
            weigert*, geweigert, weigerung, refus*, @not .. hochbringen|hochtragen|hochgebracht|hochgetragen|hochkommen|upstairs|carry|tragen|schlepp*, bring* .. @not hoch|rauf|hinauf, schlepp* .. @not hoch|rauf|hinauf, schleppt .. nicht, zu hoch .. fahrer, selber .. runterkommen|abholen|holen, selbst .. runterkommen
            stock|floor|etage|stairs|treppe* .. zu hoch|viel|weit, stock|floor|etage|stairs .. too high|much|far
            wortlos*, without .. word, ohne ein wort, shoved it, in die hand gedrückt, augen gerollt, am handy, on his phone, on her phone, on the phone the whole
            drove off, drove away, weggefahren, davongefahren, fuhr weg, fuhr einfach, sped off, drives off, gleich wieder weg
            karte eingeworfen|hinterlassen|eingesteckt, zettel eingeworfen, nur .. karte, left .. card|slip, just a card
            halt die|dein fresse|klappe|maul|schnauze, shut it, shut up, shut my, mit dem fuß, with .. foot|boot, his boot, draufgetreten, stepped on, stomp*, sat on it|my|the, gestopft, reingestopft, reingestopf*, vor die füße, at my feet, smirk*, grinst* .. @me, spat, spuckt*, gespuckt
            sorry we missed you, we missed you, missed you card|note, left no note|card, no card, @not .. attempt*, nicht angetroffen, angetroffen-zettel, nicht stattgefunden, unter aller kanone, kein* zustellversuch, wurf, über den zaun|das tor, over .. fence|gate, lobbed, statt zu klingeln, anstatt zu klingeln
            hupt*, gehupt, honk*, nicht so anstellen, unmöglich* .. @driver, @driver .. unmöglich*, unter aller sau, told me to, schroff*, barsch*, ruppig*, grob, rough, careless*, rücksichtslos*, reckless*, inconsiderate
        ",
    },
    Rule { says: Says::Hints(Conduct), patterns: "respekt*, respect, loud, benimm, stress*, beschwer* .. fahrer, complain* .. driver, am telefon, on the phone, ignoriert*, ignored, unmöglich, mensch, sat in, saß" },
    // It is elsewhere than agreed.
    Rule {
        says: Says::Is(WrongPlace),
        patterns: "
            falsch* .. @elsewhere, wrong .. @elsewhere|person|neighbo*|people|guy, verwechselt*, vertauscht*, mixed up
            bei|beim|an|zum|meiner|meinem|zu nachbar*, nachbar* .. abgegeben|statt|obwohl, abgegeben .. nachbar*, with|to|at .. neighbo*, to nachbar, next door, nebenan, nebenhaus, doors down, doors away
            neighbo* .. instead, nachbarhaus, other side of the street
            fremd* leute*|person*|mensch*|mann|frau|haus*, wildfremd*, stranger, strangers, someone i dont know, jemand* den ich nicht
            ander* .. schrank|station|packstation|filiale|fach|locker|adresse|stadt|ort|ende, different .. @elsewhere, another .. locker|shop|station|address|branch|city|town|street, other end
            vor der tür|haustür|haustüre|wohnungstür|garage|wohnung, vor die tür|haustür, vorm haus, vor dem haus, porch, doorstep, front door, outside .. door|house|rain|porch, left outside
            @parcel .. garden|garten|shed|schuppen|recycling|bin|bush|bushes|fence, garden shed, in .. bin|recycling|shed, alten|alte adresse|anschrift, old address, falsch eingebucht
            balkon*, balcony, terrasse, patio, dumpster, hedge, hecke, gebüsch, on the step, front step, hinterhof, im hof, backyard, gartentor, briefkasten .. gelegt, container
            hausflur, treppenhaus, hallway, stairwell, lobby, in the rain, im regen, bei regen, im freien, mülltonne*, mülleimer, bins, dustbin, wheelie*, in der garage, carport, gartenhaus, hinter der|dem, hinterm, behind the
            kiosk*, späti, corner shop, kiosk .. ecke, statt|stattdessen|anstatt .. locker|packstation|schrank|schließfach|fach|station, instead of .. locker|compartment|station
            obwohl|although|though|trotz .. packstation|locker|schrank|schließfach|station, filiale, postfiliale*, zweigstelle, post office
            abstellort*, ablageort*, wunschort, safe place, abstellgenehmigung, ablage im|am|in, drop off point
            someone elses parcel|package|stuff, somebody elses, fremdes paket|päckchen, fremde sendung, ander* paket, not my parcel|package|order, gehört mir nicht, nicht mein paket
            km entfernt|weg|weiter, kilometer entfernt|weg|weiter, miles away|off, am anderen ende, wohne .. nicht dort|da, wohne nicht, dont live there, i live at, i live in, ich wohne in, ich bin in
            wrong packstation, nach .. geschickt .. wohne, sent .. to .. live, misdelivered, umgeleitet*, fehlgeleitet*, rerouted to, redirected to, stehen lassen .. flur|hof|straße|tür, dumped on, dumped in, statt bei mir, just not to me, not to me but
            lag|liegt|landete|ended .. nachbar*|filiale|kiosk|shop|bei fremd*, wollte .. locker|packstation, chose the locker, nie .. rede, nobody ever mentioned
            sollte in die|den, should have gone to, was meant for, at number @number, at number
        ",
    },
    Rule { says: Says::Hints(WrongPlace), patterns: "nachbar*, neighbo*, statt, stattdessen, instead, shop, laden, woanders, elsewhere, abgestellt, dumped, verschickt, gelandet, umweg" },
    // Door, display, scanner or code do not work, or the compartment is dirty.
    Rule {
        says: Says::Is(LockerFault),
        patterns: "
            @door|@screen|@locker|@code .. @dead, @dead @door|@screen|@locker, defekt* .. schrank|schloss|display|scanner
            @door .. @not .. auf|öffne*|open*|schließ*|schließt|zu|lock*|close*|shut*|zugeht|aufgeht|aufgegangen|auf*|einrast*|catch*|latch*
            @not .. open|öffnen|aufgeh*|aufgegangen|aufgemacht|aufgmocht|aufgmacht, geht|ging|gehen|gehn|geht's .. @not auf, geht|ging .. @not .. auf
            wont open, wouldnt open, doesnt open, didnt open, does not open, did not open, öffnet* .. @not, öffnete sich nicht, lässt sich nicht, ließ sich nicht, schließt .. nicht, rastet .. nicht, does not lock|close|shut, doesnt lock|close|shut
            @door .. until|bis .. opened|aufging|offen, versuch* .. auf|offen|aufging, attempt* .. open*|door|code, tries .. open*|code|door, tried the code, code .. eingegeben .. nichts|nicht, tried .. code, try .. code, @door|@locker|box .. refus* .. open|unlock|close, weigert sich .. öffnen, @not .. entriegel*|unlock*|entsperr*, anläufe gebraucht, goes before, tries before, attempts before
            @screen .. nichts|nothing, half .. @screen, piept|piepst|beeps .. nur, rotes kreuz, red cross, red x, red light
            @screen|@locker|station|automat .. @not .. work*|funktion*|reagier*|respond*|geht|gehen|react*|an|auf, @locker|@screen .. geht|ging @not, @locker|@screen dosnt|doesnt|didnt
            @door .. @not .. work*|funktion*, @locker|@screen .. außer|ausser betrieb, außer betrieb, ausser betrieb, out of order, out of service, offline, not responding, unresponsive, reagiert nicht
            klemmt*, klemmte*, verklemmt*, klemmen, jammed, jams, stuck
            @code .. @not .. akzeptier*|erkannt|angenommen|accept*|recogni*|work*|funktion*|gültig|valid|read*|gelesen|scan*|geht|ging, @code .. ungültig*|invalid|abgelehnt|reject*|expired|abgelaufen|falsch|wrong|error|fehler
            erkennt|reads|liest|read|lesen|scan*|recogni*|accept*|akzeptiert .. @code .. @not, @not .. erkennt|erkannt|read*|scan*|recogni*|accept*|lesen .. @code, erkennt .. @code .. nicht, invalid code
            @door|@locker .. schmutzig*|dreck*|verdreck*|müll*|stank|stinkt|gestunken|filthy|dirty|rubbish|trash|garbage|smell*|stunk|verschmutz*|klebrig*|sticky|versifft|kotze|urin*|eklig*|disgusting|rotten|spinnen*|insects
            @door .. springt|sprang|aufgesprungen|swings|swung|popping|pops|offen|open|wide open|standing open, springt .. auf, schloss .. rastet, kein strom, no power, stromausfall, power cut, bitte warten, fehlermeldung*, error message, error code
            door stuck, door jammed, display schwarz|kaputt|tot|aus, screen frozen|black|blank|dead, steht .. an .. bitte, kein pickup möglich, abholung nicht möglich, couldnt collect, could not collect, konnte nicht abholen
        ",
    },
    Rule { says: Says::Hints(LockerFault), patterns: "schloss, versuch*, attempts, tries, reboot, neustart*, code" },
    // It came late, or is awaited.
    Rule {
        says: Says::Is(Delay),
        patterns: "
            zu spät*, zu spat, zuspät, verspät*, verspat*, verspaetung*, verzöger*, verzug, spät, später als, überfällig*, delay*, late, lateness, overdue, belated*, unpünktlich*
            @not .. pünktlich|rechtzeitig|punctual, @not .. on|in time, @not on time, @not .. promised|agreed day|date|time, @not .. versprochen*|zugesagt*|angegeben*|vereinbart* tag|termin|datum|zeit, nach .. zugesagten|versprochenen|vereinbarten
            warte, warten .. immer|noch|auf, warte .. immer|noch, wart ich, wart i, wart scho*, waiting, waited for, still waiting, been waiting, seit .. gewartet, lange gewartet, tage gewartet, wochen gewartet, immer noch nicht, noch immer nicht, noch nicht da|angekommen|geliefert
            still not, still hasnt, still havent, still nothing, not yet .. arrived|here|come, hasnt .. arrived|come .. yet, yet to arrive|come
            sollte|sollten|hätte|hätten .. @weekday, sollte .. da sein|kommen|ankommen, hätte .. müssen|sollen, supposed to, should have .. come|arrived|been, was due, were due
            versprochen* .. @weekday|gekommen|geliefert|@time|bis, promised .. @weekday|by|before|day, angekündigt* .. @weekday|für, announced .. @weekday|for, versprochen @number, after promised, than promised, next day delivery, lieferung am nächsten tag
            liefertermin .. verschoben|verpasst|nicht, termin .. verschoben|geplatzt|verpasst, delivery date, verschoben*, verschieb*, pushed back, postpon*, rescheduled, put off, vertröst*
            kommt|kam .. nicht an|nichts, kam nichts, kam niemand, niemand kam, nobody came, nobody showed, no one came, no courier, wartete*, waited
            wo bleibt*, where is my, wheres my, wo ist mein*, wann kommt, when will, when is my, wann krieg*, wann bekomm*
            dauert* .. lang*|ewig*|@time|so, gedauert, dauerte*, takes .. long|ages|forever|@time|so, took .. long|ages|forever|@time|so, take .. @time|long|forever, braucht* .. @time|lang*|ewig*, forever, ewig*, ages
            seit .. @time .. zustellung|unterwegs|transit|wart*, in zustellung, out for delivery, for .. @time .. now, seit wochen .. nicht, since .. out for
            nach|after .. @number|vielen @time, its been @number @time, been .. @time now, been .. @time, @number @time .. zu spät, @number @time .. drüber|später|later|late|overdue|verzug|after|nach|past, @time overdue, @time drüber, @time nach .. termin
            erst .. gekommen|geliefert|angekommen|da|nach|am|heute|jetzt, kam .. endlich|erst, endlich .. da|gekommen|geliefert|angekommen, finally .. came|here|arrived|delivered|turned, kam heut endlich
            @not .. einhalt*|eingehalten|haltet|kept|keep .. promise|termin|tag, nicht einhält, missed the day|date|slot, @not .. schnell*|quick*|fast|fastest, heißt es .. morgen, today is the day, frei genommen, day off, wartezeit*, waiting time, wait times
            turned up at, kam um, gekommen @number, slot .. was, zeitfenster, lieferfenster, time slot, time window, am ende .. wurde .. abend, in the end .. was .. night, uhrzeit .. richtig|falsch, hour was, langsam* .. lieferung|versand|zustellung, schnecke*, slow, trödel*, lahm*
            von @elsewhere .. nach .. @time, @number @time für, @number @time for
        ",
    },
    Rule { says: Says::Hints(Delay), patterns: "24h, express, expressversand, prime, endlich, finally, gewartet, wait, warten, langsam, pünktlich*, versprochen*, promised, angekündigt*, termin*, slot, tagelang, wochenlang, ungeduld*, letzte woche, last week, noch nicht" },
    // Of the network's, and none of the above.
    Rule {
        says: Says::Is(Other),
        patterns: "
            rechnung*, invoice*, abgebucht, abbuchung*, charged twice|double|wrong*|me, double payment|charge*, doppelt .. abgebucht|bezahlt|berechnet, billing, overcharged, kreditkarte, credit card, paypal, lastschrift
            gutschein*, voucher*, coupon*, rabatt*, discount*, newsletter*, unsubscrib*, abbestell*, abmelden, werbung .. mail|bekomme, spam*
            app .. stürzt|crash*|absturz|login|anmeld*|log|einloggen|hängt|funktioniert|update|langsam, passwort*, password*, einloggen, login, log in, konto .. löschen|gesperrt|ändern, account, mein konto, kundenkonto
            adresse .. ändern|geändert|aktualisieren, change .. address|name|number|time, ändern .. adresse, update my address, umgezogen, moved house
            retoure*, rücksendung*, rücksende*, zurückschicken|zurücksenden, return label, return .. sent|label|parcel, the return, sending .. back, rückgabe*
            rollstuhl*, wheelchair*, barrierefrei*, accessib*, disabled, behindert*, gehbehindert*, cant reach, cannot reach, komme .. nicht ran|dran, komm .. ned ran|nicht ran, too high up, top row, oberste* reihe
            benachrichtigung*, abholbenachrichtigung*, notification*, @not .. benachrichtigt|notified, @not .. notification*|benachrichtigung*|nachricht|mail|email|sms|code|text .. bekommen|erhalten|received|get|gekriegt
            @not .. get|got|receive*|bekommen|erhalten .. notification*|benachrichtigung*|nachricht|mail|email|sms|code
            hotline*, warteschleife*, on hold, customer service|support, kundenservice*, kundendienst*, callcenter, support antwortet, phone line
            versandkosten*, porto*, shipping cost*|fee*, gebühr*, fees, too expensive, zu teuer, teuer, extra zahlen|bezahlen|kosten, pay extra, costs way, zahlen .. extra, preise, prices
            wo .. quittung|beleg, where .. receipt, steuer, tax, verlänger* .. frist|abholfrist|zeit, abholfrist* .. verlänger*, abholfrist*, extend .. period|time|deadline, pick up period, junk folder, spamordner, frage zu, question about
            löschen .. konto|daten|account, delete .. account|data, öffnungszeiten, opening hours, verbesserungsvorschlag*, suggestion*, anregung*, parkplatz .. station|packstation
        ",
    },
    Rule { says: Says::Hints(Other), patterns: "geld zurück, money back, refund*, erstatt*, rückerstatt*, app, adresse, address, bezahl*, zahlen, paid, pay, payment, konto, kosten, cost, mail, mails, emails" },
    // Lesser matters that are grave all the same.
    Rule {
        says: Says::Grave,
        patterns: "
            anwalt*, anwält*, rechtsanwalt*, rechtlich*, verklag*, klage, gericht, anzeige .. erstatt*, erstatte .. anzeige, polizei*, verbraucher*, bundesnetzagentur, behörde*, schlichtung*, presse, zeitung
            lawyer*, solicitor*, attorney*, legal, sue, suing, court, police, consumer, ombuds*, authority, authorities, trading standards, regulator*, the press, newspaper
            medikament*, medizin*, arznei*, insulin, tabletten, medication*, medicine*, prescription*, inhaler, asthma*, dialyse, babynahrung
            @ordinal mal, @ordinal time, @ordinal .. in folge, xten mal, zigmal, hundertste* mal, hundredth time, @number|10|20|hundert mal schon, schon @number mal
        ",
    },
    // Together, no complaint.
    Rule {
        says: Says::Nothing,
        patterns: "
            if .. missing|lost|stolen|damaged|broken|broke, falls .. fehlt|verloren|beschädigt|kaputt, wenn .. fehlt|verloren geht|gestohlen wird, afraid|hoped|hope|worried .. damaged|late|broken|lost|missing, angst|sorge .. zu spät|kaputt|beschädigt|verloren, vor freude geschrien|geweint, waited for me|us|my, waiting for me|us, vorsicht glas, brand new, brandneu*, brandaktuell, fragile .. read, nachbarn wissen, neighbours know, neighbors know, nachbar wusste, lost patience, lost my patience, lost .. trust|faith|temper, geduld verloren, vertrauen verloren
            die nerven verloren, in tears, burst into tears, punched in, typed in, pieces of advice, fire the driver, fire him, fired, late payment, late fee, late night shop, bis später, see you later, zu spät bemerkt|gesehen|gemerkt, a bit late reply
            broke the news, break it down, hole im geldbeutel, nicht weiter schlimm, verletzt .. pflicht*|vertrag*, nasse hände, weg zur|zum|nach|dorthin, auf dem weg, den weg, der weg, weiter weg, long way
            so weit weg, lot of pieces, drop off, hit the, feuerwerk, feuer und flamme, verlust der geduld, wait a second, ein moment warten, kurz warten, ask something, nachfragen
        ",
    },
];
