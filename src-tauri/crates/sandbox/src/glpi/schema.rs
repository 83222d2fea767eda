//! The tables a GLPI server shows through its API, as the recordings of 10.0.20 and 11.0.6 list their columns.
//!
//! Written as text, parsed once. A column is `name` (nullable text), `name'` (text, empty by default), `name?` (nullable
//! number), `name=3` (number with its default), `name@` (nullable instant), `name>Type` (foreign key, 0 by default),
//! `name$0.0000` (a constant); a trailing `!10` or `!11` means that only this version has it.

use super::cell::Cell;
use std::sync::LazyLock;

/// Which GLPI the server pretends to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Version {
    /// 10.0.20.
    #[serde(rename = "10")]
    Ten,
    /// 11.0.6.
    #[serde(rename = "11")]
    Eleven,
}

impl Version {
    /// The number as `getGlpiConfig` gives it.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::Ten => "10.0.20",
            Self::Eleven => "11.0.6",
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// The row's own number.
    Id,
    /// A number with a default.
    Int(i64),
    /// A number or NULL.
    MaybeInt,
    /// A text or NULL.
    Text,
    /// A text, empty by default.
    Line,
    /// An instant or NULL.
    Time,
    /// A foreign key: the itemtype it points to.
    Link(String),
    /// Always the same text.
    Constant(String),
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Type,
    pub(crate) only: Option<Version>,
}

impl Column {
    /// What a row holds when it does not say.
    pub(crate) fn default_cell(&self) -> Cell {
        match &self.kind {
            Type::Int(n) => Cell::Int(*n),
            Type::Link(_) => Cell::Int(0),
            Type::Line => Cell::text(""),
            Type::Constant(text) => Cell::text(text),
            Type::Id | Type::MaybeInt | Type::Text | Type::Time => Cell::Null,
        }
    }
}

/// How a row hangs on another.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
    /// By a foreign key.
    Column { column: u8, kind: u16 },
    /// By `itemtype` and `items_id`.
    Typed { itemtype: u8, id: u8 },
}

/// A table's shape.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) table: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) owners: Vec<Owner>,
    /// Column numbers sorted by name, shorter names first: found without comparing many letters.
    by_name: Vec<(String, u8)>,
}

impl Schema {
    /// A column's number.
    pub(crate) fn column(&self, name: &str) -> Option<u8> {
        let order = |known: &(String, u8)| known.0.len().cmp(&name.len()).then_with(|| known.0.as_str().cmp(name));
        self.by_name.binary_search_by(order).ok().map(|at| self.by_name[at].1)
    }

    /// Whether the version has the column.
    pub(crate) fn has(&self, name: &str, version: Version) -> bool {
        self.column(name).is_some_and(|column| {
            self.columns[usize::from(column)]
                .only
                .is_none_or(|only| only == version)
        })
    }

    /// Whether a column tells whose the row is.
    pub(crate) fn names_owner(&self, name: &str) -> bool {
        let Some(number) = self.column(name) else { return false };
        self.owners.iter().any(|owner| match owner {
            Owner::Column { column, .. } => *column == number,
            Owner::Typed { itemtype, id } => *itemtype == number || *id == number,
        })
    }
}

macro_rules! kinds {
    ($($kind:ident $name:literal $table:literal [$($owner:literal),*] $columns:expr;)*) => {
        /// The itemtypes the server knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Kind { $(#[doc = $name] $kind,)* }

        impl Kind {
            /// All of them, in the order of their numbers.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$kind,)*];

            /// The itemtype's name, with GLPI's own capitals.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }

            fn source(self) -> (&'static str, &'static [&'static str], String) {
                match self { $(Kind::$kind => ($table, &[$($owner),*], String::from($columns)),)* }
            }
        }
    };
}

const TREE: &str = "level=1, ancestors_cache, sons_cache";
const STAMPS: &str = "date_mod@, date_creation@";

fn asset(prefix: &str) -> String {
    format!(
        "id, entities_id>Entity, name, serial, otherserial, contact, contact_num, users_id_tech>User, \
         groups_id_tech>Group, comment, date_mod@, autoupdatesystems_id=0, locations_id>Location, networks_id=0, \
         {prefix}models_id=0, {prefix}types_id=0, is_template=0, template_name, \
         manufacturers_id>Manufacturer, is_deleted=0, is_dynamic=0, users_id>User, groups_id>Group, states_id>State, \
         ticket_tco$0.0000, uuid, date_creation@, is_recursive=0, last_inventory_update@, last_boot@"
    )
}

fn dropdown() -> String {
    format!("id, name, comment, {STAMPS}")
}

fn tree(parent: &str, kind: &str) -> String {
    format!("id, entities_id>Entity, is_recursive=1, name, {parent}>{kind}, completename, comment, {TREE}, {STAMPS}")
}

kinds! {
    Entity "Entity" "glpi_entities" [] format!("id, name, entities_id?, completename, comment, {TREE}, registration_number, address, postcode, town, state, country, website, phonenumber, fax, email, admin_email, tag, {STAMPS}");
    Profile "Profile" "glpi_profiles" [] "id, name, interface, is_default=0, comment, date_mod@, date_creation@";
    User "User" "glpi_users" [] "id, name, password_last_update@, phone, phone2, mobile, realname, firstname, locations_id>Location, language, use_mode=0, list_limit?, is_active=1, comment, auths_id=0, authtype=1, last_login@, date_mod@, date_sync@, is_deleted=0, profiles_id>Profile, entities_id>Entity, usertitles_id>UserTitle, usercategories_id>UserCategory, date_format?, number_format?, names_format?, csv_delimiter, is_ids_visible?, use_flat_dropdowntree?, use_flat_dropdowntree_on_search_result?, show_jobs_at_login?, priority_1, priority_2, priority_3, priority_4, priority_5, priority_6, followup_private?, task_private?, default_requesttypes_id?, password_forget_token, password_forget_token_date@, user_dn, user_dn_hash, registration_number, show_count_on_tabs?, refresh_views?, set_default_tech?, set_followup_tech?!11, set_solution_tech?!11, personal_token_date@, api_token_date@, cookie_token_date@, display_count_on_home?, notification_to_myself?, duedateok_color, duedatewarning_color, duedatecritical_color, duedatewarning_less?, duedatecritical_less?, duedatewarning_unit, duedatecritical_unit, display_options!10, is_deleted_ldap=0, pdffont, picture, begin_date@, end_date@, keep_devices_when_purging_item?, privatebookmarkorder, backcreated?, task_state?, planned_task_state?!11, palette, page_layout, fold_menu?, fold_search?!10, savedsearches_pinned, timeline_order, itil_layout, richtext_layout, set_default_requester?, lock_autolock_mode?, lock_directunlock_notification?, date_creation@, highcontrast_css?, plannings, sync_field, groups_id>Group, users_id_supervisor>User, timezone, default_dashboard_central, default_dashboard_assets, default_dashboard_helpdesk, default_dashboard_mini_ticket, default_central_tab?, nickname, substitution_end_date@!11, substitution_start_date@!11, toast_location!11, timeline_action_btn_layout?, timeline_date_format?, 2fa_unenforced=0!11, is_notif_enable_default?!11, show_search_form?!11, search_pagination_on_top?!11";
    UserEmail "UserEmail" "glpi_useremails" ["users_id"] "id, users_id>User, is_default=0, is_dynamic=0, email";
    UserCategory "UserCategory" "glpi_usercategories" [] dropdown();
    UserTitle "UserTitle" "glpi_usertitles" [] dropdown();
    ProfileUser "Profile_User" "glpi_profiles_users" ["users_id"] "id, users_id>User, profiles_id>Profile, entities_id>Entity, is_recursive=1, is_dynamic=0, is_default_profile=0";
    Group "Group" "glpi_groups" [] format!("id, entities_id>Entity, is_recursive=1, name, code!11, comment, ldap_field, ldap_value, ldap_group_dn, date_mod@, groups_id>Group, completename, {TREE}, is_requester=1, is_watcher=1, is_assign=1, is_task=1, is_notify=1, is_itemgroup=1, is_usergroup=1, is_manager=1, date_creation@, recursive_membership=0!11, 2fa_enforced=0!11");
    GroupUser "Group_User" "glpi_groups_users" ["users_id", "groups_id"] "id, users_id>User, groups_id>Group, is_dynamic=0, is_manager=0, is_userdelegate=0";
    Ticket "Ticket" "glpi_tickets" [] "id, entities_id>Entity, name, date@, closedate@, solvedate@, takeintoaccountdate@, date_mod@, users_id_lastupdater>User, status=1, users_id_recipient>User, requesttypes_id>RequestType, content, urgency=3, impact=3, priority=3, itilcategories_id>ITILCategory, type=1, global_validation=1, slas_id_ttr>SLA, slas_id_tto>SLA, slalevels_id_ttr=0, time_to_resolve@, time_to_own@, begin_waiting_date@, sla_waiting_duration=0, ola_waiting_duration=0, olas_id_tto>OLA, olas_id_ttr>OLA, olalevels_id_ttr=0, ola_tto_begin_date@, ola_ttr_begin_date@, internal_time_to_resolve@, internal_time_to_own@, waiting_duration=0, close_delay_stat=0, solve_delay_stat=0, takeintoaccount_delay_stat=0, actiontime=0, is_deleted=0, locations_id>Location, validation_percent=0!10, date_creation@, tickettemplates_id=0!11, externalid!11";
    TicketUser "Ticket_User" "glpi_tickets_users" ["tickets_id"] "id, tickets_id>Ticket, users_id>User, type=1, use_notification=1, alternative_email'";
    GroupTicket "Group_Ticket" "glpi_groups_tickets" ["tickets_id"] "id, tickets_id>Ticket, groups_id>Group, type=1";
    SupplierTicket "Supplier_Ticket" "glpi_suppliers_tickets" ["tickets_id"] "id, tickets_id>Ticket, suppliers_id=0, type=1, use_notification=1, alternative_email'";
    ItemTicket "Item_Ticket" "glpi_items_tickets" ["tickets_id", "itemtype"] "id, itemtype, items_id=0, tickets_id>Ticket";
    TicketTicket "Ticket_Ticket" "glpi_tickets_tickets" ["tickets_id_1", "tickets_id_2"] "id, tickets_id_1>Ticket, tickets_id_2>Ticket, link=1";
    ItilFollowup "ITILFollowup" "glpi_itilfollowups" ["itemtype"] "id, itemtype, items_id=0, date@, users_id>User, users_id_editor>User, content, is_private=0, requesttypes_id>RequestType, date_mod@, date_creation@, timeline_position=1, sourceitems_id=0, sourceof_items_id=0";
    TicketTask "TicketTask" "glpi_tickettasks" ["tickets_id"] "id, uuid, tickets_id>Ticket, taskcategories_id>TaskCategory, date@, users_id>User, users_id_editor>User, content, is_private=0, actiontime=0, begin@, end@, state=1, users_id_tech>User, groups_id_tech>Group, date_mod@, date_creation@, tasktemplates_id=0, timeline_position=1, sourceitems_id=0, sourceof_items_id=0";
    ItilSolution "ITILSolution" "glpi_itilsolutions" ["itemtype"] "id, itemtype, items_id=0, solutiontypes_id>SolutionType, solutiontype_name, content, date_creation@, date_mod@, date_approval@, users_id>User, user_name, users_id_editor>User, users_id_approval>User, user_name_approval, status=2, itilfollowups_id?";
    TicketValidation "TicketValidation" "glpi_ticketvalidations" ["tickets_id"] "id, itils_validationsteps_id=0!11, entities_id>Entity, users_id>User, tickets_id>Ticket, users_id_validate>User, itilvalidationtemplates_id=0!11, itemtype_target!11, items_id_target=0!11, comment_submission, comment_validation, status=2, submission_date@, validation_date@, timeline_position=1, last_reminder_date@!11";
    TicketSatisfaction "TicketSatisfaction" "glpi_ticketsatisfactions" ["tickets_id"] "id, tickets_id>Ticket, type=1, date_begin@, date_answered@, satisfaction?, satisfaction_scaled_to_5?!11, comment";
    TicketCost "TicketCost" "glpi_ticketcosts" ["tickets_id"] "id, tickets_id>Ticket, name, comment, begin_date@, end_date@, actiontime=0, cost_time$0.0000, cost_fixed$0.0000, cost_material$0.0000, budgets_id=0, entities_id>Entity, is_recursive=0";
    ProblemTicket "Problem_Ticket" "glpi_problems_tickets" ["tickets_id"] "id, problems_id=0, tickets_id>Ticket, link=1!11";
    ChangeTicket "Change_Ticket" "glpi_changes_tickets" ["tickets_id"] "id, changes_id=0, tickets_id>Ticket, link=1!11";
    ItilProject "Itil_Project" "glpi_itils_projects" ["itemtype"] "id, itemtype, items_id=0, projects_id=0";
    Document "Document" "glpi_documents" [] "id, entities_id>Entity, is_recursive=0, name, filename, filepath, documentcategories_id=0, mime, date_mod@, comment, is_deleted=0, link, users_id>User, tickets_id>Ticket, sha1sum, is_blacklisted=0, tag, date_creation@";
    DocumentItem "Document_Item" "glpi_documents_items" ["itemtype", "documents_id"] "id, documents_id>Document, items_id=0, itemtype, entities_id>Entity, is_recursive=0, date_mod@, users_id>User, timeline_position=1, date_creation@, date@";
    KnowbaseItem "KnowbaseItem" "glpi_knowbaseitems" [] "id, entities_id>Entity!11, forms_categories_id=0!11, is_recursive=0!11, name, answer, is_faq=0, users_id>User, view=0, show_in_service_catalog=0!11, description!11, illustration!11, is_pinned=0!11, date_creation@, date_mod@, begin_date@, end_date@";
    KnowbaseItemItem "KnowbaseItem_Item" "glpi_knowbaseitems_items" ["knowbaseitems_id", "itemtype"] "id, knowbaseitems_id>KnowbaseItem, itemtype, items_id=0, date_creation@, date_mod@";
    KnowbaseItemCategory "KnowbaseItemCategory" "glpi_knowbaseitemcategories" [] tree("knowbaseitemcategories_id", "KnowbaseItemCategory");
    KnowbaseItemKnowbaseItemCategory "KnowbaseItem_KnowbaseItemCategory" "glpi_knowbaseitems_knowbaseitemcategories" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, knowbaseitemcategories_id>KnowbaseItemCategory";
    KnowbaseItemRevision "KnowbaseItem_Revision" "glpi_knowbaseitems_revisions" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, revision=1, name, answer, language', users_id>User, date@";
    KnowbaseItemComment "KnowbaseItem_Comment" "glpi_knowbaseitems_comments" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, users_id>User, language, comment, parent_comment_id?, date_creation@, date_mod@";
    KnowbaseItemTranslation "KnowbaseItemTranslation" "glpi_knowbaseitemtranslations" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, language, name, answer, users_id>User, date_mod@, date_creation@";
    EntityKnowbaseItem "Entity_KnowbaseItem" "glpi_entities_knowbaseitems" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, entities_id>Entity, is_recursive=1";
    GroupKnowbaseItem "Group_KnowbaseItem" "glpi_groups_knowbaseitems" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, groups_id>Group, entities_id>Entity, is_recursive=1";
    KnowbaseItemProfile "KnowbaseItem_Profile" "glpi_knowbaseitems_profiles" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, profiles_id>Profile, entities_id>Entity, is_recursive=1";
    KnowbaseItemUser "KnowbaseItem_User" "glpi_knowbaseitems_users" ["knowbaseitems_id"] "id, knowbaseitems_id>KnowbaseItem, users_id>User";
    ItilCategory "ITILCategory" "glpi_itilcategories" [] format!("id, entities_id>Entity, is_recursive=1, itilcategories_id>ITILCategory, name, completename, comment, {TREE}, knowbaseitemcategories_id=0, users_id=0, groups_id=0, code, is_helpdeskvisible=1, is_incident=1, is_request=1, is_problem=1, is_change=1, {STAMPS}");
    Location "Location" "glpi_locations" [] format!("id, entities_id>Entity, is_recursive=1, name, code!11, alias!11, locations_id>Location, completename, comment, {TREE}, address, postcode, town, state, country, building, room, latitude, longitude, altitude, {STAMPS}");
    RequestType "RequestType" "glpi_requesttypes" [] "id, name, is_helpdesk_default=0, is_followup_default=0, is_mail_default=0, is_mailfollowup_default=0, is_active=1, is_ticketheader=1, is_itilfollowup=1, comment, date_mod@, date_creation@";
    Calendar "Calendar" "glpi_calendars" [] "id, name, entities_id>Entity, is_recursive=1, comment, date_mod@, date_creation@, cache_duration";
    CalendarSegment "CalendarSegment" "glpi_calendarsegments" ["calendars_id"] "id, calendars_id>Calendar, entities_id>Entity, is_recursive=1, day=1, begin, end";
    Holiday "Holiday" "glpi_holidays" [] "id, name, entities_id>Entity, is_recursive=1, comment, begin_date, end_date, is_perpetual=0, date_mod@, date_creation@";
    Slm "SLM" "glpi_slms" [] "id, name, entities_id>Entity, is_recursive=1, comment, use_ticket_calendar=0, calendars_id>Calendar, date_mod@, date_creation@";
    Sla "SLA" "glpi_slas" [] "id, name, entities_id>Entity, is_recursive=1, type=0, comment, number_time=0, use_ticket_calendar=0, calendars_id>Calendar, date_mod@, definition_time, end_of_working_day=0, date_creation@, slms_id>SLM";
    Ola "OLA" "glpi_olas" [] "id, name, entities_id>Entity, is_recursive=1, type=0, comment, number_time=0, use_ticket_calendar=0, calendars_id>Calendar, date_mod@, definition_time, end_of_working_day=0, date_creation@, slms_id>SLM";
    ItilFollowupTemplate "ITILFollowupTemplate" "glpi_itilfollowuptemplates" [] "id, date_creation@, date_mod@, entities_id>Entity, is_recursive=1, name, content, requesttypes_id>RequestType, is_private=0, comment";
    TaskTemplate "TaskTemplate" "glpi_tasktemplates" [] "id, entities_id>Entity, is_recursive=1, name, content, taskcategories_id>TaskCategory, actiontime=0, comment, date_mod@, date_creation@, state=0, is_private=0, users_id_tech>User, groups_id_tech>Group";
    SolutionTemplate "SolutionTemplate" "glpi_solutiontemplates" [] "id, entities_id>Entity, is_recursive=1, name, content, solutiontypes_id>SolutionType, comment, date_mod@, date_creation@";
    SolutionType "SolutionType" "glpi_solutiontypes" [] "id, name, comment, entities_id>Entity, is_recursive=1, date_mod@, date_creation@, is_incident=1!11, is_request=1!11, is_problem=1!11, is_change=1!11";
    TaskCategory "TaskCategory" "glpi_taskcategories" [] tree("taskcategories_id", "TaskCategory");
    Manufacturer "Manufacturer" "glpi_manufacturers" [] dropdown();
    State "State" "glpi_states" [] tree("states_id", "State");
    ComputerModel "ComputerModel" "glpi_computermodels" [] dropdown();
    ComputerType "ComputerType" "glpi_computertypes" [] dropdown();
    MonitorModel "MonitorModel" "glpi_monitormodels" [] dropdown();
    PrinterModel "PrinterModel" "glpi_printermodels" [] dropdown();
    PhoneModel "PhoneModel" "glpi_phonemodels" [] dropdown();
    Computer "Computer" "glpi_computers" ["users_id"] asset("computer").replace("computermodels_id=0", "computermodels_id>ComputerModel").replace("computertypes_id=0", "computertypes_id>ComputerType");
    Monitor "Monitor" "glpi_monitors" ["users_id"] asset("monitor").replace("monitormodels_id=0", "monitormodels_id>MonitorModel");
    Printer "Printer" "glpi_printers" ["users_id"] asset("printer").replace("printermodels_id=0", "printermodels_id>PrinterModel");
    Phone "Phone" "glpi_phones" ["users_id"] asset("phone").replace("phonemodels_id=0", "phonemodels_id>PhoneModel");
    Peripheral "Peripheral" "glpi_peripherals" ["users_id"] asset("peripheral");
    NetworkEquipment "NetworkEquipment" "glpi_networkequipments" ["users_id"] asset("networkequipment");
    ItemRemoteManagement "Item_RemoteManagement" "glpi_items_remotemanagements" ["itemtype"] "id, itemtype, items_id=0, remoteid, type, is_dynamic=1, is_deleted=0";
    IpAddress "IPAddress" "glpi_ipaddresses" [] "id, entities_id>Entity, itemtype, items_id=0, version=4, name, is_deleted=0, is_dynamic=1, mainitems_id=0, mainitemtype";
    Software "Software" "glpi_softwares" [] "id, entities_id>Entity, is_recursive=1, name, comment, locations_id>Location, users_id_tech>User, is_update=0, softwares_id=0, manufacturers_id>Manufacturer, is_deleted=0, is_template=0, template_name, date_mod@, users_id>User, ticket_tco$0.0000, is_helpdesk_visible=1, softwarecategories_id=0, is_valid=1, date_creation@, pictures";
    Problem "Problem" "glpi_problems" [] "id, name, entities_id>Entity, is_recursive=0, is_deleted=0, status=1, content, date_mod@, date@, solvedate@, closedate@, time_to_resolve@, users_id_recipient>User, users_id_lastupdater>User, urgency=3, impact=3, priority=3, itilcategories_id>ITILCategory, date_creation@";
    Change "Change" "glpi_changes" [] "id, name, entities_id>Entity, is_recursive=0, is_deleted=0, status=1, content, date_mod@, date@, solvedate@, closedate@, time_to_resolve@, users_id_recipient>User, users_id_lastupdater>User, urgency=3, impact=3, priority=3, itilcategories_id>ITILCategory, date_creation@";
    PlanningExternalEvent "PlanningExternalEvent" "glpi_planningexternalevents" [] "id, name, entities_id>Entity, is_recursive=0, date@, users_id>User, text, begin@, end@, state=0, date_mod@, date_creation@";
    Log "Log" "glpi_logs" ["itemtype"] "id, itemtype, items_id=0, itemtype_link', linked_action=0, user_name, date_mod@, id_search_option=0, old_value, new_value";
    Config "Config" "glpi_configs" [] "id, context, name, value";
    Supplier "Supplier" "glpi_suppliers" [] "id, entities_id>Entity, is_recursive=0, name, suppliertypes_id=0, address, town, phonenumber, email, is_deleted=0, date_mod@, date_creation@";
    PluginVip "PluginVipGroup" "glpi_plugin_vip_groups" [] "id, isvip=0, name, vip_color, vip_icon";
}

impl Kind {
    /// The kind's number, as table indexes hold it.
    pub(crate) fn number(self) -> u16 {
        self as u16
    }

    /// By its exact name: itemtypes are case-sensitive.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Its shape.
    pub(crate) fn schema(self) -> &'static Schema {
        &SCHEMAS[usize::from(self.number())]
    }

    /// `tickets_id` for Ticket.
    pub(crate) fn foreign_key(self) -> String {
        let table = self.schema().table.trim_start_matches("glpi_").to_owned();
        format!("{table}_id")
    }

    /// Equipment that can be linked to tickets.
    pub(crate) const ASSETS: [Self; 6] = [
        Self::Computer,
        Self::Monitor,
        Self::Printer,
        Self::Phone,
        Self::Peripheral,
        Self::NetworkEquipment,
    ];
}

static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| Kind::ALL.iter().map(|kind| parse(*kind)).collect());

fn parse(kind: Kind) -> Schema {
    let (table, owners, columns) = kind.source();
    let columns: Vec<Column> = columns.split(',').map(|text| column(text.trim())).collect();
    let mut by_name: Vec<(String, u8)> = columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| u8::try_from(at).ok().map(|at| (column.name.clone(), at)))
        .collect();
    by_name.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then_with(|| a.0.cmp(&b.0)));
    let mut schema = Schema {
        table: table.to_owned(),
        columns,
        owners: Vec::new(),
        by_name,
    };
    for owner in owners {
        let Some(number) = schema.column(owner) else { continue };
        if *owner == "itemtype" {
            if let Some(id) = schema.column("items_id") {
                schema.owners.push(Owner::Typed { itemtype: number, id });
            }
        } else if let Type::Link(target) = &schema.columns[usize::from(number)].kind
            && let Some(kind) = Kind::named(target)
        {
            let kind = kind.number();
            schema.owners.push(Owner::Column { column: number, kind });
        }
    }
    schema
}

fn column(text: &str) -> Column {
    let (text, only) = if let Some(text) = text.strip_suffix("!10") {
        (text, Some(Version::Ten))
    } else if let Some(text) = text.strip_suffix("!11") {
        (text, Some(Version::Eleven))
    } else {
        (text, None)
    };
    let (name, kind) = if text == "id" {
        (text, Type::Id)
    } else if let Some((name, default)) = text.split_once('=') {
        (name, Type::Int(default.parse().unwrap_or(0)))
    } else if let Some((name, target)) = text.split_once('>') {
        (name, Type::Link(target.to_owned()))
    } else if let Some((name, value)) = text.split_once('$') {
        (name, Type::Constant(value.to_owned()))
    } else if let Some(name) = text.strip_suffix('@') {
        (name, Type::Time)
    } else if let Some(name) = text.strip_suffix('?') {
        (name, Type::MaybeInt)
    } else if let Some(name) = text.strip_suffix('\'') {
        (name, Type::Line)
    } else {
        (text, Type::Text)
    };
    Column {
        name: name.to_owned(),
        kind,
        only,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_parses_and_its_links_lead_somewhere() {
        for kind in Kind::ALL {
            let schema = kind.schema();
            assert!(schema.column("id") == Some(0), "{}", kind.name());
            for column in &schema.columns {
                if let Type::Link(target) = &column.kind {
                    assert!(
                        Kind::named(target).is_some(),
                        "{}.{} → {target}",
                        kind.name(),
                        column.name
                    );
                }
            }
            assert_eq!(schema.owners.len(), kind.source().1.len(), "{}", kind.name());
        }
    }

    #[test]
    fn external_ids_exist_only_in_eleven() {
        let ticket = Kind::Ticket.schema();
        assert!(ticket.has("externalid", Version::Eleven) && !ticket.has("externalid", Version::Ten));
        assert!(ticket.has("validation_percent", Version::Ten) && !ticket.has("validation_percent", Version::Eleven));
        assert_eq!(Kind::KnowbaseItem.foreign_key(), "knowbaseitems_id");
    }
}
